"""The MLX90614 infrared thermometer on I2C."""
