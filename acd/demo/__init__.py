"""A call centre on one machine: real Asterisk, real engine, real SIP and RTP; SIPp plays the world outside.

Phones (``phones``) live at 127.0.0.3, callers (``callers``) at 127.0.0.2, which is the trunk's address. SIPp speaks SIP
for both and RTP for the phones. The callers' sound and keys (RFC 4733) are our own (``rtp``): SIPp would need root for
events. What every caller lived through is compared with the call records at the end (``accounting``).
"""
