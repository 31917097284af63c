"""What can be wrong with a certificate, in a sentence for a person."""


class CertificateError(Exception):
    """There is no new certificate, for the reason in the message; the one that is installed stays."""
