"""Many releases in a row under load, with reloads of the gateway and renewals of its certificate in between."""
