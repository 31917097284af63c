"""What our programs on a developer's computer share. Standard library only: some run before any environment exists."""
