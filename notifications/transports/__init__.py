"""The ways out: each sends one notification, or raises a DeliveryError."""
