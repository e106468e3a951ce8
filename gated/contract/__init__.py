"""What gate and hub say to each other: topics and messages, pure."""
