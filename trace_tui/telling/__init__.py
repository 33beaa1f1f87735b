"""Tells all about what is selected in the app, as blocks for its detail pane; knows no screen."""
