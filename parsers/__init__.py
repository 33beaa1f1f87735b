"""Turn the lines of session files into typed events; imports nothing else of ours."""
