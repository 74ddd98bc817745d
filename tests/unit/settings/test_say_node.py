"""``say`` in flow files: what it becomes, and where its mistakes are told."""

from __future__ import annotations

import pytest

from acd.domain.errors import ConfigError
from acd.domain.flow_talk import ChosenItem, SayItem, SayNode, TextItem
from acd.domain.ids import FlowId, NodeId, PromptKey
from acd.settings.loader import load
from tests.unit.settings.conftest import Deployment

FLOW = """\
languages: [id]
entry: jawab
variables: {nib: digits, jumlah: number}
nodes:
  jawab: {kind: answer, next: baca}
  baca:
    kind: say
    items:
      - welcome
      - {say: number, value: jumlah + 1}
      - {say: digits, value: nib}
      - {text: "Nomor {{ nib }} ditemukan."}
      - {prompt: "jumlah > 1 ? 'bye' : 'busy'", of: [bye, busy]}
    next: tutup
    error: tutup
  tutup: {kind: hang_up, exit: self_service}
"""


def write(sample: Deployment, old: str = "", new: str = "") -> None:
    assert old in FLOW
    (sample.flows / "baca.yaml").write_text(FLOW.replace(old, new, 1) if old else FLOW)
    sample.append("access_codes.yaml", '  "1500170": {flow: baca}\n')


def test_items_become_what_the_engine_says(sample: Deployment) -> None:
    write(sample)
    plan = load(sample.config, sample.flows, {}, secrets=False).plan
    node = plan.flows[FlowId("baca")].nodes[NodeId("baca")]
    assert isinstance(node, SayNode)
    prompt, number, digits, text, chosen = node.items
    assert prompt == PromptKey("welcome")
    assert isinstance(number, SayItem)
    assert (number.say, number.value.source) == ("number", "jumlah + 1")
    assert isinstance(digits, SayItem)
    assert isinstance(text, TextItem)
    assert isinstance(chosen, ChosenItem)
    assert chosen.of == (PromptKey("bye"), PromptKey("busy"))
    assert (node.next, node.error, node.barge_in) == (NodeId("tutup"), NodeId("tutup"), True)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("- welcome", "- welcom", "9:9: nodes.baca.items[0]: unknown prompt 'welcom'; did you mean 'welcome'?"),
        ("[bye, busy]", "[bye, bussy]", "nodes.baca.items[4].of[1]: unknown prompt 'bussy'; did you mean 'busy'?"),
        ("say: number, value: jumlah + 1", "say: number, value: nib", "nodes.baca.items[1].value: is text; wanted is"),
        ("value: nib", "value: nob", "nodes.baca.items[2].value: "),
        ("{{ nib }}", "{{ nib", "nodes.baca.items[3].text: lacks its closing }}"),
        ("say: digits", "say: letters", "nodes.baca.items[2].say: "),
        ("{say: digits, value: nib}", "{say: digits}", "nodes.baca.items[2].value: "),
        ("error: tutup", "error: tuttup", "nodes.baca.error: unknown node 'tuttup'; did you mean 'tutup'?"),
    ],
)
def test_a_slip_is_one_message_that_names_its_place(sample: Deployment, old: str, new: str, told: str) -> None:
    write(sample, old, new)
    with pytest.raises(ConfigError) as caught:
        load(sample.config, sample.flows, {}, secrets=False)
    (found,) = [str(mistake) for mistake in caught.value.mistakes]
    assert told in found


def test_values_are_said_only_in_languages_that_have_words(sample: Deployment) -> None:
    sample.change("acd.yaml", "languages:\n", "languages:\n  fr: {name: Bahasa Prancis, skill: lang_en}\n")
    write(sample, "languages: [id]", "languages: [fr]")
    with pytest.raises(ConfigError) as caught:
        load(sample.config, sample.flows, {}, secrets=False)
    told = [mistake.message for mistake in caught.value.mistakes]
    assert told.count("values cannot be said in fr") == 2
