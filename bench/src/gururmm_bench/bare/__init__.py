"""Programs that do what a figure cannot be without, and nothing of ours: `floors` runs them and gives them names."""
