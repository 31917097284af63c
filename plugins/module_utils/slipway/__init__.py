"""Code that our modules share. Standard library only: it runs on hosts."""
