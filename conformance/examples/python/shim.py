#!/usr/bin/env python3
"""A shim: lets tcpspec test the TCP of toy_tcp.py, through standard input and output.

    tcpspec check --stack-command "python3 conformance/examples/python/shim.py"

docs/your-stack.md specifies what is said here. To test a stack of your own, keep this file and replace the Host.
"""

import json
import sys

from connection import Failed
from toy_tcp import Host

PROTOCOL = 1

DECLARATION = {
    "protocol": PROTOCOL,
    "name": "toy-python",
    "version": "0.1.0",
    "msl": 30_000_000,
    "msl_source": "MSL in toy_tcp.py",
    "settle": 0,
    "clock": "virtual",
    "lacks": {
        "urgent": "the toy ignores the urgent pointer",
        "keep-alive": "the toy sends none",
        "user-timeout": "the toy's R2 is fixed",
        "traffic-class": "the toy writes zero",
        "ttl": "the toy writes 64",
        "source-route": "the toy knows none",
        "reports": "the toy tells nothing unasked",
        "return-route": "the toy skips IPv4 options",
        "icmp": "the toy hears no ICMP",
        "congestion-control": "the toy has none",
        "window-scaling": "the toy offers no shift",
        "selective-acknowledgment": "the toy reports no blocks",
    },
    "chooses": [],
}


def call(host, request):
    """Makes a user call. Answers its outcome, in the words of the protocol."""
    do = request["do"]
    if do == "listen":
        return {"opened": host.listen(request["port"])}
    if do == "connect":
        return {"opened": host.connect(request["port"], request["remote"], request["remote_port"])}
    socket = request["socket"]
    if do == "accept":
        accepted = host.accept(socket)
        if accepted is None:
            return "nothing"
        remote, remote_port = host.remote(accepted)
        return {"accepted": {"socket": accepted, "remote": str(remote), "remote_port": remote_port}}
    if do == "send":
        return {"sent": host.send(socket, bytes.fromhex(request["text"]))}
    if do == "receive":
        text = host.receive(socket, request["max"])
        if text is None:
            return "nothing"
        return {"received": text.hex()} if text else "end"
    if do == "close":
        host.close(socket)
    elif do == "abort":
        host.abort(socket)
    elif do == "set" and request["knob"] == "nagle":
        host.set_nagle(socket, request["value"])
    else:
        raise Failed("no such call")
    return "ok"


def answer(host, request):
    """Does what is asked. Answers the fields of the reply that are not the same for all."""
    do = request["do"]
    if do == "deliver":
        host.deliver(bytes.fromhex(request["packet"]))
    elif do == "run":
        return {"now": host.run(request["until"])}
    elif do == "refuse":
        host.refusing = request["refuse"]
    elif do != "reset":
        try:
            return {"outcome": call(host, request)}
        except Failed as failed:
            return {"outcome": {"error": failed.args[0]}}
    return {}


def main():
    host = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "hello":
            reply = dict(DECLARATION)
        else:
            if request["do"] == "reset":
                host = Host(request)
            host.now = request["now"]
            reply = answer(host, request)
            reply["packets"] = [packet.hex() for packet in host.take_packets()]
            reply["next_timer"] = host.next_timer()
            reply["states"] = host.states()
        reply["n"] = request["n"]
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
