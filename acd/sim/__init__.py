"""What the call centre would be like: traffic theory, and the place of simulation."""
