"""What build.py does: environment, third-party files, extension zip, demo. Standard library only, but for studio.py."""
