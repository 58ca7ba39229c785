"""What the application needs of the world, a file for each neighbour; the other rooms implement these."""
