#!/usr/bin/env python3
"""What the scripts' captures and ladders say to others: captures.py NETSIM [--lab LAB | SCRIPT...]

tshark reads the beginning of each case's capture: no packet is malformed, no checksum wrong (but of
packets that a link damaged). `netsim ladder` draws it; a lab's captures are only read. Without
SCRIPT also: what netsim sent again, Wireshark's TCP analysis calls a retransmission.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

EVENTS = "20000"  # of each case: a capture of all of scale.lua would be gigabytes
CHECKS = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
          "-o", "udp.check_checksum:TRUE"]
BAD = ("_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || "
       "udp.checksum.status == 0 || icmp.checksum.status == 0")
AGAIN = ("tcp.analysis.retransmission || tcp.analysis.fast_retransmission || "
         "tcp.analysis.spurious_retransmission || tcp.analysis.out_of_order")
LOSSES = """
netsim.run(function(net)
  local a, b = net:host("a"), net:host("b")
  net:link(a, b, { rate = "10mbit", delay = "20ms", loss = "3%" })
  b:serve { port = 80, request = 100, response = 300000 }
  a:load("b:80", { rate = "1000/s", request = 100, response = 300000, max = 3 })
  net:run("60s")
end)
"""


def tshark(path, expression):
    done = subprocess.run(["tshark", "-r", path, *CHECKS, "-Y", expression, "-T", "fields",
                           "-e", "frame.number", "-e", "frame.comment", "-e", "_ws.col.Info"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"tshark refuses {path}: {done.stderr}")
    return done.stdout.splitlines()


def netsim(program, *words, codes=(0,)):
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        sys.exit(f"{words} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def captures_of(program, script, folder):
    # Cut short, a script may fail by itself: what it captured is what is judged.
    netsim(program, "run", script, "--quiet", "--events-max", EVENTS, "--pcap", folder, codes=(0, 1, 2))
    files = sorted(pathlib.Path(folder).glob("*.pcapng"))
    assert files, f"{script} wrote no capture"
    return files


def check_packets(path):
    bad = [line for line in tshark(path, BAD) if "dropped: corrupted" not in line]
    assert not bad, f"{path.name}:\n" + "\n".join(bad[:5])


def check_lab(program, lab, folder):
    files = captures_of(program, lab, folder)
    assert any(tshark(path, "frame") for path in files), f"{lab} captured nothing"
    for path in files:
        check_packets(path)


def check_script(program, script, folder):
    for path in captures_of(program, script, folder):
        assert len(tshark(path, "tcp")) > 5, f"{path.name}: hardly any TCP"
        check_packets(path)
        drawn = netsim(program, "ladder", str(path), "--max", "20")
        assert "SYN seq=0" in drawn, drawn
        svg = netsim(program, "ladder", str(path), "--max", "20", "--svg", "-")
        assert svg.startswith("<svg") and svg.endswith("</svg>\n")


def check_retransmissions(program, folder):
    script = pathlib.Path(folder) / "losses.lua"
    script.write_text(LOSSES)
    report = json.loads(netsim(program, "run", str(script), "--json", "--pcap", folder,
                               "--pcap-per", "interface"))
    sent_again = report["cases"][0]["hosts"]["b"]["counters"]["TcpRetransSegs"]
    path = pathlib.Path(folder) / "losses" / "b.eth0.pcapng"
    found = len(tshark(path, f"ip.src == 10.0.0.2 && ({AGAIN})"))
    assert sent_again > 10, sent_again
    assert found == sent_again, f"tshark finds {found} retransmissions, netsim made {sent_again}"
    assert not [x for x in tshark(path, BAD)]


def main():
    program, scripts = sys.argv[1], sys.argv[2:]
    if shutil.which("tshark") is None:
        print("\n*** NOTICE: tshark is not installed: captures are NOT checked ***\n",
              file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        if scripts[:1] == ["--lab"]:
            return check_lab(program, scripts[1], folder)
        for script in scripts:
            check_script(program, script, folder)
        if not scripts:
            check_retransmissions(program, folder)


main()
