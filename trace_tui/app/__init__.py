"""The app: screens over the library, and its dealings with the world outside."""
