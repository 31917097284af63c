"""The pull agent: a host follows its git branch by ansible-pull. Standard library only: it runs on a bare host."""
