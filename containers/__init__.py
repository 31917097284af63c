"""Docker on this computer: command line, engine, images, registry, machines, clean-up. Standard library only."""
