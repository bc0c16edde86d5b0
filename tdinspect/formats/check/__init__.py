"""What ``check`` writes: findings, for a person, for a program, or for the CI that shows them. One format per file."""
