"""Whether what runs on this host works, which is another question than whether the host is in sync."""
