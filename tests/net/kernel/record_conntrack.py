#!/usr/bin/env python3
"""What this machine's kernel makes of random TCP segments: conntrack.txt, replayed by
../conntrack_kernel.test.cpp. Needs iptables, conntrack and python3, no root:

unshare -rn sh -c 'ip link set lo up
  for a in 10.9.0.1 10.9.0.2; do ip addr add $a/32 dev lo; done
  iptables -A INPUT -s 10.9.0.0/24 -j DROP; iptables -A OUTPUT -m conntrack --ctstate NEW
  python3 record_conntrack.py SEED RUNS' > conntrack.txt

A line is a segment (side, flags, seq, ack, window, length, options: 1 window scale, 2 SACK permitted,
4 timestamps; a SACK block), then how often it was invalid (such a segment is tracked on its way out
and on its way in) and the entry after it: state, seconds left, assured, unreplied, who began.
"""
import random
import re
import socket
import struct
import subprocess
import sys

ENDS = ("10.9.0.1", "10.9.0.2")
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def send(side, port, flags, seq, ack, window, length, options, sack):
    source, destination = ENDS[side], ENDS[1 - side]
    ports = (port, 80) if side == 0 else (80, port)
    words = b""
    if options & 1:
        words += b"\1\3\3\7"
    if options & 2:
        words += b"\1\1\4\2"
    if options & 4:
        words += b"\1\1\x08\x0a" + bytes(8)
    if sack:
        words += b"\1\1\5\x0a" + struct.pack("!II", *sack)
    tcp = struct.pack("!HHIIBBHHH", *ports, seq, ack, (5 + len(words) // 4) << 4, flags, window, 0, 0)
    tcp += words + bytes(length)
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    tcp = tcp[:16] + struct.pack("!H", checksum(addresses + struct.pack("!BBH", 0, 6, len(tcp)) + tcp)) + tcp[18:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + addresses
    raw.sendto(ip + tcp, (destination, 0))


def conntrack(*arguments):
    return subprocess.run(["conntrack", *arguments], capture_output=True, text=True).stdout


def invalid():
    return sum(map(int, re.findall(r"invalid=(\d+)", conntrack("-S"))))


def entry(port):
    for line in conntrack("-L", "-p", "tcp").splitlines():
        found = re.match(r"tcp\s+6 (\d+) (\S+) src=(\S+) .*? sport=(\d+) dport=(\d+)", line)
        if found and str(port) in (found[4], found[5]):
            assured = "assured" if "ASSURED" in line else "-"
            unreplied = "unreplied" if "UNREPLIED" in line else "-"
            return f"{found[2]} {found[1]} {assured} {unreplied} {'a' if found[3] == ENDS[0] else 'b'}"
    return "none"


FLAGS = [ACK, ACK, ACK, PSH | ACK, PSH | ACK, FIN | ACK, FIN | ACK, RST, RST | ACK, SYN, SYN | ACK, ACK | URG,
         FIN, 0, SYN | FIN]
PLANS = {"normal": [(0, SYN), (1, SYN | ACK), (0, ACK)],
         "simultaneous": [(0, SYN), (1, SYN), (0, SYN | ACK), (1, SYN | ACK), (0, ACK)],
         "wild": []}
FAR = [500, 5000, 70000, 10000000]


def one_run(draw, port):
    upcoming = [draw.randrange(1 << 32), draw.randrange(1 << 32)]
    last = list(upcoming)
    options = draw.choice([0, 1, 2, 3, 3, 7])
    usual_window = draw.choice([1000, 65535, 0, 64])
    plan = list(PLANS[draw.choice(["normal", "normal", "wild", "wild", "simultaneous"])])
    for step in range(draw.randrange(4, 22)):
        if plan and draw.random() < .93:
            side, flags = plan.pop(0)
        else:
            side, flags = draw.randrange(2), draw.choice(FLAGS)
        length = draw.choice([0, 0, 100, 1000]) if flags & ACK and not flags & (SYN | RST) else 0
        seq, ack = upcoming[side], upcoming[1 - side]
        chance = draw.random()
        if chance < .08:
            seq += draw.choice([1, -1] + FAR + [-far for far in FAR])
        elif chance < .14:
            ack += draw.choice([1, -1] + FAR + [-far for far in FAR])
        elif chance < .18:
            seq = 0
        elif chance < .26 and step:
            seq = last[side]
        seq, ack = seq & 0xFFFFFFFF, ack & 0xFFFFFFFF if flags & ACK else 0
        window = usual_window if draw.random() < .9 else draw.choice([0, 1, 100, 65535])
        carried = options if flags & SYN else options & 4
        sack = None
        if flags == ACK and options & 2 and draw.random() < .15:
            sack = [(ack + draw.choice([0, 100, 1000])) & 0xFFFFFFFF,
                    (ack + draw.choice([1100, 2000, 90000])) & 0xFFFFFFFF]
        before = invalid()
        send(side, port, flags, seq, ack, window, length, carried, sack)
        if seq == upcoming[side]:
            last[side] = seq
            upcoming[side] += length + (flags & SYN != 0) + (flags & FIN != 0)
        if flags == SYN and draw.random() < .3:
            upcoming[side] = draw.randrange(1 << 32)
        blocks = "%u %u" % tuple(sack) if sack else "- -"
        print("ab"[side], flags, seq, ack, window, length, carried, blocks, "|", invalid() - before, entry(port))
    conntrack("-F")


def main():
    draw = random.Random(int(sys.argv[1]))
    for run in range(int(sys.argv[2])):
        print("run")
        one_run(draw, 20000 + run)


main()
