"""What is simulated, and what is learnt from it; where it runs is the backends' business."""
