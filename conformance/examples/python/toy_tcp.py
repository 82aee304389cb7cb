"""A small TCP that can be read in one sitting, on a clock that it is told: the host, its sockets and its listeners.

connection.py is what happens on a connection. The toy leaves out urgent text, congestion control, window scaling and
keep-alives.
"""

import hashlib
import ipaddress

from connection import Connection, Failed, add
from wire import ACK, RST, SYN, Segment, build, parse

BACKLOG = 16
MOST_CONNECTIONS = 256


def is_somebody(address):
    """Whether an address is that of another host (section 3.9.2.3)."""
    nobody = address.is_multicast or address.is_unspecified or address.is_loopback
    return not nobody and str(address) != "255.255.255.255"


class Listener:
    """A passive OPEN. Its connections wait here to be accepted."""

    def __init__(self, port):
        self.port = port
        self.waiting = []


class Host:
    """All connections of one host, and what it sends."""

    def __init__(self, setup):
        self.address = ipaddress.ip_address(setup["local"])
        self.setup = setup
        self.largest_text = setup["mtu"] - (40 if self.address.version == 4 else 60)
        self.default_mss = 536 if self.address.version == 4 else 1220
        self.now = 0
        self.refusing = False
        self.packets = []
        self.sockets = []  # listeners, connections, and None for what was closed

    # --- what the user does -----------------------------------------------------------------------------------

    def listen(self, port):
        if self.listener(port):
            raise Failed("already listening")
        self.sockets.append(Listener(port))
        return len(self.sockets) - 1

    def connect(self, port, remote, remote_port):
        remote = ipaddress.ip_address(remote)
        if not is_somebody(remote) or remote_port == 0:
            raise Failed("remote socket invalid")
        if self.connection(port, remote, remote_port):
            raise Failed("connection exists")
        connection = Connection(self, port, remote, remote_port)
        self.sockets.append(connection)
        connection.open("SYN-SENT")
        return len(self.sockets) - 1

    def accept(self, socket):
        listener = self.at(socket)
        if not isinstance(listener, Listener):
            raise Failed("no-connection")
        for connection in listener.waiting:
            if connection.opened:
                listener.waiting.remove(connection)
                self.sockets.append(connection)
                return len(self.sockets) - 1
        return None

    def remote(self, socket):
        return self.at(socket).pair[1:]

    def send(self, socket, text):
        if isinstance(self.at(socket), Listener):
            raise Failed("no peer")
        return self.at(socket).send(text)

    def receive(self, socket, most):
        if isinstance(self.at(socket), Listener):
            return None
        return self.at(socket).receive(most)

    def close(self, socket):
        self.give_up(socket, Connection.close)

    def abort(self, socket):
        self.give_up(socket, Connection.abort)

    def give_up(self, socket, how):
        subject = self.at(socket)
        if isinstance(subject, Listener):
            for connection in subject.waiting:
                if connection.state not in ("CLOSED", "SYN-RECEIVED") or how is Connection.abort:
                    connection.abort()
                else:
                    connection.end("closed")
            self.sockets[socket] = None
        else:
            how(subject)

    def set_nagle(self, socket, on):
        self.at(socket).nagle = on

    def at(self, socket):
        if socket >= len(self.sockets) or self.sockets[socket] is None:
            raise Failed("no-connection")
        return self.sockets[socket]

    # --- what the network does --------------------------------------------------------------------------------

    def deliver(self, packet):
        parsed = parse(packet)
        if parsed is None:
            return
        source, destination, source_port, port, segment = parsed
        if destination != self.address or not is_somebody(source):
            return
        connection = self.connection(port, source, source_port)
        if connection:
            connection.arrives(segment)
        elif not self.listener_takes(port, source, source_port, segment):
            self.answer_with_reset(port, source, source_port, segment)

    def listener_takes(self, port, source, source_port, segment):
        """Section 3.10.7.2. Says whether a listener has dealt with the segment."""
        listener = self.listener(port)
        if listener is None:
            return False
        if segment.flags & ACK and not segment.flags & RST:
            return False
        if segment.flags & SYN and not segment.flags & RST:
            listener.waiting = [connection for connection in listener.waiting if connection.state != "CLOSED"]
            if len(listener.waiting) < BACKLOG and len(self.alive()) < MOST_CONNECTIONS:
                connection = Connection(self, port, source, source_port)
                connection.listener = listener
                listener.waiting.append(connection)
                connection.requested(segment)
                connection.open("SYN-RECEIVED")
        return True

    def answer_with_reset(self, port, remote, remote_port, segment):
        """Section 3.10.7.1."""
        if segment.flags & RST:
            return
        if segment.flags & ACK:
            reset = Segment(segment.ack, 0, RST, 0)
        else:
            reset = Segment(0, add(segment.seq, segment.length), RST | ACK, 0)
        self.transmit(port, remote, remote_port, reset)

    def transmit(self, port, remote, remote_port, segment):
        self.packets.append(build(self.address, remote, port, remote_port, segment))

    def take_packets(self):
        if self.refusing:
            return []
        packets, self.packets = self.packets, []
        return packets

    # --- what time does ---------------------------------------------------------------------------------------

    def run(self, until):
        while self.refusing or not self.packets:
            due = self.next_timer()
            if due is None or due > until:
                self.now = until
                break
            self.now = max(self.now, due)
            for connection in self.alive():
                connection.timeouts()
        return self.now

    def next_timer(self):
        timers = [connection.next_timer() for connection in self.alive()]
        return min((timer for timer in timers if timer is not None), default=None)

    # --- who is there -----------------------------------------------------------------------------------------

    def alive(self):
        waiting = [one for listener in self.sockets if isinstance(listener, Listener) for one in listener.waiting]
        accepted = [socket for socket in self.sockets if isinstance(socket, Connection)]
        return [connection for connection in waiting + accepted if connection.state != "CLOSED"]

    def connection(self, port, remote, remote_port):
        pair = (port, remote, remote_port)
        return next((connection for connection in self.alive() if connection.pair == pair), None)

    def listener(self, port):
        found = (one for one in self.sockets if isinstance(one, Listener) and one.port == port)
        return next(found, None)

    def states(self):
        states = {}
        for number, socket in enumerate(self.sockets):
            if isinstance(socket, Listener):
                states[number] = socket.waiting[-1].state if socket.waiting else "LISTEN"
            elif socket is not None:
                states[number] = socket.state
        return states

    def initial_sequence_number(self, pair):
        """A clock of four microseconds and a keyed hash of the sockets (RFC 6528)."""
        digest = hashlib.sha256(repr((self.setup["seed"], pair)).encode()).digest()
        return add(int.from_bytes(digest[:4], "big"), self.now // 4)
