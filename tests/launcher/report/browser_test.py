#!/usr/bin/env python3
"""Opens reports in headless Chromium and works them: browser_test.py SKEIN CHROMIUM [FOLDER FOR SCREENSHOTS].

Any line on the browser's console that is not interact.js's own is a failure.
"""

import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zlib

HOSTILE = "<script>alert('x')</script><b onmouseover=alert(1)>"
here = pathlib.Path(__file__).parent


def png(width, height, shade):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    rows = b"".join(b"\0" + bytes([shade, x * 8 % 256, 90] * 1)[:3] * width for x in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def write_lines(path, objects):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(entry) + "\n" for entry in objects))


def make_run(folder, name, rate, state, num_points):
    run = folder / "runs" / "shapes" / name
    time = lambda second: f"2026-01-31T10:{second // 60:02}:{second % 60:02}.000Z"
    parameters = {"lr": rate, "epochs": 4, "model": "resnet18", "milestones": [1, 2], "notes": HOSTILE}
    facts = {"schema_version": 1, "run_id": name, "experiment": "shapes", "command": ["trainer", "--notes", HOSTILE], "parameters": parameters,
             "changed_parameters": {"lr": {"default": 0.1, "origin": "command line"}}, "host": {"name": "node01"}, "seeds": {"seed": 1},
             "topology": {"world_size": 4, "hosts": [{"name": "node01", "ranks": [0, 1]}, {"name": "node02", "ranks": [2, 3]}]}}
    events = [{"event": "created", "time": time(0), "run": facts}]
    events += [{"event": "state", "time": time(second), "state": word} for second, word in ((2, "Preparing"), (5, "Running"))]
    write_lines(run / "events.jsonl", events + [{"event": "state", "time": time(300), "state": state, "reason": HOSTILE if state == "Failed" else ""}])
    points = [{"metric": "train/loss", "value": 3 / (1 + i * 8 / num_points) + (i % 7) * 0.02, "step": i, "epoch": i * 4 // num_points, "time": 1769854800 + i * 300 / num_points} for i in range(1, num_points)]
    points += [{"metric": f"val/{what}", "value": value, "step": (epoch + 1) * num_points // 4 - 1, "epoch": epoch, "time": 1769854800 + 75 * (epoch + 1)}
               for epoch in range(4) for what, value in (("loss", 2 - epoch * 0.3), ("accuracy", 40 + epoch * 12.5))]
    points += [{"metric": "val/accuracy", "unit": "%", "goal": "maximize"}, {"metric": "train/loss", "value": "NaN", "step": num_points, "epoch": 3, "time": 1769855100}]
    write_lines(run / "metrics.jsonl", points)
    write_lines(run / "timing.jsonl", [{"epoch": epoch, "step": 10 * epoch, "num_steps": 10, "time": 0, "seconds": {
        "input": [1, 1, 1, 9], "compute": [50, 51, 50, 58], "gradient_wait": [16, 15, 16, 0], "optimizer": [5, 5, 5, 5], "evaluation": [6, 6, 6, 6]}} for epoch in range(4)])
    outputs = run / "outputs"
    (outputs / "worst_images").mkdir(parents=True)
    classes = ["circle", "square", "\"" + HOSTILE.replace('"', '""') + "\""]
    counts = [[30, 5, 1], [2, 33, 0], [0, 0, 40]]
    (outputs / "confusion_matrix.csv").write_text("true class," + ",".join(classes) + "\n" + "".join(f"{name},{','.join(map(str, row))}\n" for name, row in zip(classes, counts)))
    images = []
    for number in range(1, 6):
        (outputs / "worst_images" / f"{number:04}.jpg").write_bytes(png(32, 24, number * 45))
        images.append({"index": number, "name": f"val/{HOSTILE}/{number}.png", "label": "circle", "prediction": HOSTILE, "loss": 9 - number, "probability": 0.9, "thumbnail": f"worst_images/{number:04}.jpg"})
    (outputs / "worst_images.json").write_text(json.dumps({"images": images}))
    for rank in range(4):
        write_lines(run / "logs" / f"rank_{rank:04}.log", [])
        (run / "logs" / f"rank_{rank:04}.log").write_text(f"2026-01-31T10:00:05.000Z info    [rank {rank}] begins\n2026-01-31T10:04:00.000Z error   [rank {rank}] {HOSTILE}\n")
    if state == "Failed":
        for rank in (0, 1, 2):
            write_lines(run / "post-mortem" / f"rank_{rank:04}.json", [{"rank": rank, "world_size": 4, "host": "node01", "pid": 1, "time": 1769855100.0 + rank,
                                                                        "error": {"kind": "PeerLost", "exit_code": 6, "message": f"rank 3 is gone {HOSTILE}"}}])


def open_page(chromium, page, profile, more):
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-extensions", f"--user-data-dir={profile}", "--virtual-time-budget=12000",
               "--enable-logging=stderr", "--v=0", *more, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150)
    return re.findall(r'CONSOLE[^"]*"(.*?)", source: ', done.stderr, re.DOTALL)


def work_page(chromium, page, profile, width):
    """What interact.js found. Again where the page was never laid out: the browser's virtual time can be over before its window is there."""
    for _ in range(3):
        console = open_page(chromium, page, profile, [f"--window-size={width},900", "--dump-dom"])
        if not any("the chart is drawn" in line for line in console):
            break
    return console


def with_script(page, script):
    """The page with one more script, which its policy allows by the nonce of this very page."""
    html = page.read_text()
    nonce = re.search(r'<script nonce="(\w+)">', html)[1]
    worked = page.with_name("worked_" + page.name)
    worked.write_text(html.replace("</body>", f'<script nonce="{nonce}">window.alert = () => {{ window.alerted = true; }};\n{script}</script></body>'))
    return worked


def main():
    skein, chromium, shots = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_run(folder, "plain", 0.1, "Completed", 400)
        make_run(folder, "failed", 0.2, "Failed", 50000)
        interact = (here / "interact.js").read_text()
        for label, runs in (("one", ["plain"]), ("failed", ["failed"]), ("two", ["plain", "failed"])):
            page = folder / f"{label}.html"
            subprocess.run([skein, "report", *runs, "--runs-dir", folder / "runs", "-o", page], check=True, capture_output=True)
            for width in (1280, 420):
                console = work_page(chromium, with_script(page, interact), folder / "profile", width)
                assert console == ["INTERACT all well"], (label, width, console)
            for width, more in ((1280, []), (420, []), (1280, ["--blink-settings=preferredColorScheme=0"])):
                shot = pathlib.Path(shots or folder) / f"{label}_{width}{'_dark' if more else ''}.png"
                console = open_page(chromium, page, folder / "profile", [f"--window-size={width},1400", f"--screenshot={shot}", *more])
                assert console == [], (label, width, more, console)
                assert shot.stat().st_size > 20000, shot
    print("all well")


if __name__ == "__main__":
    main()
