"""A small configuration with every kind of node: quick to load, so that a great many variants of it can be."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

from acd.settings import load, sources
from acd.settings.values import Settings
from acd.settings.yaml_marks import Document, read

CONFIG = {
    "acd.yaml": """\
api: {port: 8169, tokens_env: ACD_TOKENS}
ari: {url: http://127.0.0.1:8088, user: acd, password_env: ACD_ARI}
ami: {host: 127.0.0.1, port: 5038, password_env: ACD_AMI}
store: {url: sqlite+aiosqlite:////tmp/acd.db}
journal: {file: /tmp/journal.db, keep: recent}
prompts: {dir: /tmp/sounds, sound_prefix: /tmp/sounds, fallback: maaf}
time_zone: Asia/Jakarta
languages:
  id: {name: Bahasa Indonesia, skill: lang_id, voice: id}
  en: {name: English, voice: en-us}
callbacks:
  lines: [{trunk: e1, dial: "PJSIP/{number}@gw1"}]
  numbers: {area_code: "21", allow: [0.], deny: [0800.]}
  calendar: jam
  attempts: 2
  pauses: {busy: 5m, no_answer: 15m, failed: 2m}
  expires: 4h
data:
  hosts: {127.0.0.1:8170: {scheme: http, internal: true}}
  webhooks: {crm: {url: "http://127.0.0.1:8170/events"}}
pause_reasons: [istirahat]
feature_codes:
  "*1": {action: login}
  "*31": {action: pause, reason: istirahat}
""",
    "skills.yaml": "skills:\n  umum: General\n  lang_id: Bahasa Indonesia\n",
    "queues.yaml": """\
queues:
  q_umum:
    name: Umum
    requires: {umum: 1}
    wrap_up: 20s
    callback: {key: "1", from_position: 1, announce_after: 45s, announce_every: 2m}
    overflow: {after: 90s, after_by_language: {en: 60s}, queue: q_lain, drop_language: true, prompt: sibuk}
    announce: {position: true, estimate: true, comfort: [sibuk]}
  q_lain:
    name: Lain
    requires: {umum: 1}
    overflow: {after: 5m}
""",
    "agents.yaml": "agents:\n  agent101: {name: Petugas 101, skills: {umum: 1, lang_id: 5}, login_at_start: true}\n",
    "trunks.yaml": """\
trunks:
  e1: {capacity: 2}
gateways:
  gw1: {trunk: e1, match: [192.0.2.10], contact: "sip:192.0.2.10:5060", codecs: [alaw, ulaw]}
""",
    "calendars.yaml": """\
calendars:
  jam:
    time_zone: Asia/Jakarta
    hours: {mon-fri: [08:00-17:00]}
    lunch: {from: "11:00", to: "13:00", prompt: sibuk}
""",
    "access_codes.yaml": 'access_codes:\n  "169": {flow: utama}\n  "170": {flow: cabang}\n',
}
_ENGINES = [
    *("agent_logged_in", "agent_logged_out", "agent_paused", "agent_ready", "refused", "wrap_up_ended"),
    *("callback_bad_number", "callback_confirm", "callback_enter", "callback_greeting", "callback_noted"),
    *("callback_number", "callback_stay", "callback_offer"),
]
"""Prompts that the engine says of its own accord."""
FLOWS = {
    "prompts.yaml": """\
prompts:
  salam: {id: Selamat datang., en: Welcome., version: 2}
  pilih: {id: Tekan satu., en: Press one.}
  salah: {id: Salah., en: Wrong.}
  sibuk: {id: Semua sibuk., en: All are busy.}
  maaf: {id: Maaf., en: Sorry.}
"""
    + "".join(f"  {name}: {{id: Ya., en: Yes.}}\n" for name in _ENGINES),
    "utama.yaml": """\
languages: [id, en]
entry: pintu
on_error: tutup
variables:
  hasil: text
  jumlah: number
  hari: date
nodes:
  pintu: {kind: gate, block: blokir, rate: {calls: 3, per: 1m}, next: jawab, refused: tolak}
  jawab: {kind: answer, next: salam}
  salam: {kind: play, prompts: [salam, pilih], next: jam_buka}
  jam_buka: {kind: hours, calendar: jam, open: izin, closed: tutup, holiday: libur}
  izin: {kind: consent, prompts: [salam], refuse: 9, timeout: 1s, next: utama, refused: bahasa}
  bahasa: {kind: set_language, language: en, next: utama}
  utama:
    kind: menu
    prompts: [pilih]
    choices: {1: nomor, 2: antre, 3: hening, 4: rekam, 5: pesan, 6: cabang, 7: tabel, 8: alih, 9: keluar, 0: pindah}
    repeat: "*"
    back: "#"
    timeout: 3s
    retries: 1
    invalid_prompts: [salah]
    timeout_prompts: [maaf]
    failed: tutup
  nomor:
    kind: collect
    prompts: [pilih]
    variable: nik
    min_digits: 2
    max_digits: 6
    check: {pattern: "[0-9]+", luhn: false, least: 10}
    next: tanya
    failed: tutup
  tanya:
    kind: http
    method: POST
    url: "http://127.0.0.1:8170/a/{{ nik }}"
    headers: {X-Call: "{{ access_code }}"}
    body: {number: "{{ caller.number }}", n: ["{{ jumlah }}"]}
    results: {jumlah: "$.n"}
    optional: {hari: "$.day"}
    cache: 1m
    music: default
    next: kabar
    not_found: libur
    failed: tutup
  kabar: {kind: event, webhook: crm, event: asked, values: {n: jumlah}, next: pisah}
  pisah:
    kind: branch
    cases:
      - {when: "jumlah > 3 && hasil != 'x'", next: ucap}
      - {when: "queue.q_umum.length == 0", next: atur}
    otherwise: sela
    error: tutup
  ucap:
    kind: say
    items: [salam, {say: number, value: jumlah}, {text: "Ke {{ jumlah }}."}, {prompt: "hasil", of: [salah, maaf]}]
    next: atur
    error: libur
  atur: {kind: set, set: {hasil: "hasil + 'a'", jumlah: "jumlah + 1"}, next: sela}
  sela: {kind: wait, seconds: 2s, music: default, next: tanggap}
  tanggap:
    kind: survey
    questions:
      puas: {prompts: [pilih], least: 1, most: 5}
      saran: {prompts: [pilih], least: 0, most: 10, variable: jumlah}
    retries: 1
    invalid_prompts: [salah]
    next: tutup
  antre: {kind: queue, queue: q_umum, overflow: balik, after: tanggap, keys: {"*": utama}, requires: {lang_id: 2}}
  balik: {kind: callback, queue: q_umum, failed: tutup}
  hening: {kind: silence_check, prompts: [maaf], timeout: 3s, next: utama, silent: diam}
  diam: {kind: hang_up, exit: no_response}
  rekam: {kind: record, prompts: [pilih], review: [pilih], variable: suara, next: tutup, empty: tutup, failed: libur}
  pesan: {kind: voicemail, queue: q_umum, prompts: [pilih], at_most: 20s, next: tutup, empty: tutup, failed: libur}
  cabang: {kind: subflow, flow: cabang, arguments: {isi: hasil}, returns: {hasil: isi}, next: pisah}
  tabel: {kind: lookup, table: blokir, key: nik, results: {hasil: alasan}, next: tutup, missing: libur}
  alih: {kind: transfer, context: luar, extension: "100"}
  keluar: {kind: transfer, number: "0215252008", gateway: gw1}
  pindah: {kind: goto, flow: cabang}
  libur: {kind: play, prompts: [sibuk], next: tutup, barge_in: false}
  tutup: {kind: hang_up, exit: self_service}
  tolak: {kind: hang_up, exit: refused, cause: 21}
""",
    "cabang.yaml": """\
languages: [id, en]
entry: mulai
on_error: kembali
variables: {isi: text}
nodes:
  mulai: {kind: menu, prompts: [pilih], choices: {1: kembali, 2: lagi}, retries: 0, failed: kembali}
  lagi: {kind: set, set: {isi: "isi + 'b'"}, next: terus}
  terus: {kind: goto, next: mulai}
  kembali: {kind: return}
""",
    "blokir.csv": "nomor,alasan\n+62811999,spam\n12,dua belas\n",
}
FILES = {**{f"config/{name}": text for name, text in CONFIG.items()},
         **{f"ivr_flows/{name}": text for name, text in FLOWS.items()}}  # fmt: skip
"""Every file by its path."""


class Small:
    """The configuration in a folder, to be spoilt one file at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read_before: dict[Path, Document] = {}
        for name, text in FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")

    def load(self) -> Settings:
        """Load it. Raises ``ConfigError``."""
        return load(self.folder / "config", self.folder / "ivr_flows", {}, secrets=False)

    def load_with(self, name: str, content: bytes) -> Settings:
        """Load it with another content of one file. Raises ``ConfigError``."""
        path = self.folder / name
        path.write_bytes(content)
        try:
            with patch.object(sources, "read", partial(self._read, path)):
                return self.load()
        finally:
            path.write_text(FILES[name], encoding="utf-8")

    def _read(self, changed: Path, path: Path) -> Document:
        """Read a file; one that is as it was is not parsed again, which is most of the time a load takes."""
        if path == changed:
            return read(path)
        if path not in self._read_before:
            self._read_before[path] = read(path)
        return replace(self._read_before[path], mistakes=[], warnings=[])
