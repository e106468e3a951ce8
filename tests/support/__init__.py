"""What tests share: real parts started and stopped, and makers of test data."""
