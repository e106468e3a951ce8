"""What is remembered: roster, journal and the database they stand on."""
