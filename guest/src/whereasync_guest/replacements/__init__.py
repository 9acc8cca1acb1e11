"""What is put in the place of whatever the project would write to or reach; a file a thing."""
