"""Who runs a trained model: each engine reads the same model directory and speaks one small protocol."""
