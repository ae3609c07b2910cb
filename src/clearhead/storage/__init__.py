"""What is on the disk: files and folders written whole or not at all, tensors, and what strangers wrote."""
