"""Draw model objects as Textual widgets; imports only the model of ours."""
