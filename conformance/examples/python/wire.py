"""TCP segments in IP packets: reading what is well formed, writing what is right. No fragments, no extension headers."""

import ipaddress
import struct

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32

TCP = 6


class Segment:
    """One segment. `length` is what it takes of the sequence space."""

    def __init__(self, seq, ack, flags, window, text=b"", mss=None):
        self.seq, self.ack, self.flags, self.window, self.text, self.mss = seq, ack, flags, window, text, mss

    @property
    def length(self):
        return len(self.text) + bool(self.flags & SYN) + bool(self.flags & FIN)


def checksum(*parts):
    """The Internet checksum (RFC 1071)."""
    octets = b"".join(parts)
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo_header(source, destination, length):
    """What the checksum covers besides the segment (RFC 9293, section 3.1)."""
    if source.version == 4:
        return source.packed + destination.packed + struct.pack("!BBH", 0, TCP, length)
    return source.packed + destination.packed + struct.pack("!II", length, TCP)


def parse(packet):
    """(source, destination, source port, destination port, segment), or None for what no host takes."""
    if len(packet) < 20:
        return None
    if packet[0] >> 4 == 4:
        header, total = (packet[0] & 15) * 4, struct.unpack("!H", packet[2:4])[0]
        whole = 20 <= header <= total <= len(packet) and struct.unpack("!H", packet[6:8])[0] & 0x3FFF == 0
        if not whole or packet[9] != TCP or checksum(packet[:header]) != 0:
            return None
        source, destination = (ipaddress.IPv4Address(packet[at : at + 4]) for at in (12, 16))
    elif packet[0] >> 4 == 6 and len(packet) >= 40:
        header, total = 40, 40 + struct.unpack("!H", packet[4:6])[0]
        if total > len(packet) or packet[6] != TCP:
            return None
        source, destination = (ipaddress.IPv6Address(packet[at : at + 16]) for at in (8, 24))
    else:
        return None
    octets = packet[header:total]
    if len(octets) < 20 or checksum(pseudo_header(source, destination, len(octets)), octets) != 0:
        return None
    source_port, destination_port, seq, ack, offset, flags, window = struct.unpack("!HHIIBBH", octets[:16])
    offset = (offset >> 4) * 4
    if not 20 <= offset <= len(octets):
        return None
    segment = Segment(seq, ack, flags, window, octets[offset:], mss_option(octets[20:offset]))
    return source, destination, source_port, destination_port, segment


def mss_option(options):
    """The maximum segment size that the options name. What is malformed ends them."""
    while options and options[0] != 0:
        if options[0] == 1:
            options = options[1:]
            continue
        if len(options) < 2 or not 2 <= options[1] <= len(options):
            return None
        if options[0] == 2 and options[1] == 4:
            return struct.unpack("!H", options[2:4])[0]
        options = options[options[1] :]
    return None


def build(source, destination, source_port, destination_port, segment):
    """The IP packet that carries a segment."""
    options = b"" if segment.mss is None else struct.pack("!BBH", 2, 4, segment.mss)
    offset = (20 + len(options)) // 4 << 4
    fixed = (source_port, destination_port, segment.seq, segment.ack, offset, segment.flags, segment.window)
    rest = options + segment.text
    length = 20 + len(rest)
    sum_ = checksum(pseudo_header(source, destination, length), struct.pack("!HHIIBBHHH", *fixed, 0, 0), rest)
    octets = struct.pack("!HHIIBBHHH", *fixed, sum_, 0) + rest
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, length, TCP, 64) + source.packed + destination.packed + octets
    start = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, 0, 0x4000, 64, TCP)
    addresses = source.packed + destination.packed
    return start + struct.pack("!H", checksum(start, addresses)) + addresses + octets
