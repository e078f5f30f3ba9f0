"""The evasion matrix: how much disguised text the guard still finds, and what that costs in false alarms."""
