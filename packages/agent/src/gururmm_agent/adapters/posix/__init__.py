"""What Linux and macOS share: signals, sessions of processes, locks on files."""
