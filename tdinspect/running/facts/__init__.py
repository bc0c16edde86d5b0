"""What the rules ask for and no trace shows by itself, and the fixes, tried."""
