"""The configuration: what is wrong is said with file, key and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastguard.cli import main
from fastguard.server.config import load_config
from fastguard.server.errors import ConfigError
from fastguard.server.keys import Key, Keys, hash_key, new_key

HASH = hash_key("fg-demo")


def message(tmp_path: Path, text: str, **environment: str) -> str:
    file = tmp_path / "server.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(str(file), environment=environment)
    return str(caught.value).replace(str(file), "server.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nprot = 1", 'server.toml: server.prot: unknown key (did you mean "port"?); expected one of'),
        ("[server]\nport = 70000", "server.toml: server.port: got 70000; expected an integer from 0 to 65535"),
        (
            '[server]\nhost = "0.0.0.0"',
            'server.toml: server.host: "0.0.0.0" can be reached by others and no key is set',
        ),
        ('[server]\ntls_key = "k.pem"', "server.toml: server.tls_certificate: missing; expected certificate and key"),
        ('[keys.a]\nhash = "hunter2"', "server.toml: keys.a.hash: not a hash (its value is not shown)"),
        (
            f'[keys.a]\nhash = "{HASH}"\nscopes = ["root"]',
            'keys.a.scopes[0]: got "root"; expected one of check, metrics, admin',
        ),
        ('[projects.p]\npolicy = "strict"', 'projects.p.policy: got "strict"; expected default'),
        ('[projects.p]\nmode = "warn"', 'projects.p.mode: got "warn"; expected one of block, detect'),
        ("[limits]\ndepth = true", "limits.depth: got true; expected an integer from 4 to 256"),
        ("[events]\nqueue = 0", "events.queue: got 0; expected an integer"),
        ('[upstreams.a]\nurl = "ftp://x"', 'upstreams.a.url: got "ftp://x"; expected an address such as https://'),
        ('[upstreams.a]\nurl = "https://u:pw@x/v1"', 'upstreams.a.url: got "x/v1"; expected an address such as'),
        ('[upstreams.a]\nurl = "https://x/v1"\nkey_env = "NONE"', 'key_env: the variable "NONE" is not set'),
        ('[upstreams.a]\nurl = "https://x/v1"\nprotocols = ["x"]', 'protocols[0]: got "x"; expected one of openai'),
        ('[upstreams."a/b"]\nurl = "https://x/v1"', 'upstreams.a/b: the name "a/b"; expected letters, digits'),
        ('[gateway]\nfail = "maybe"', 'gateway.fail: got "maybe"; expected one of closed, open'),
        ("server = 1", "server.toml: server: got 1; expected a table"),
        ("[server", "server.toml: "),
    ],
)
def test_errors_name_file_key_and_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    assert said in message(tmp_path, text)


def test_the_key_itself_is_never_in_an_error(tmp_path: Path) -> None:
    assert "hunter2" not in message(tmp_path, '[keys.a]\nhash = "hunter2"')
    (tmp_path / "up.key").write_text("hunter2\x07")
    assert "hunter2" not in message(tmp_path, '[upstreams.a]\nurl = "https://x/v1"\nkey_file = "up.key"')
    upstream = '[upstreams.a]\nurl = "https://x/v1"\nkey_env = "K"\n'
    (tmp_path / "server.toml").write_text(upstream)
    assert "hunter2" not in repr(load_config(str(tmp_path / "server.toml"), environment={"K": "hunter2"}))


def test_the_environment_wins_over_the_file_and_options_over_both(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text('[server]\nport = 1\nworkers = 2\n[guard]\npolicy = "p.toml"\n', encoding="utf-8")
    variables = {"FASTGUARD_SERVER_PORT": "2", "FASTGUARD_EVENTS_EXCERPT": "true", "OTHER": "x"}
    config = load_config(str(file), environment=variables, options={"server": {"port": 3, "host": None}})
    assert (config.listen.port, config.listen.workers, config.events.excerpt) == (3, 2, True)
    assert load_config(str(file), environment=variables).listen.port == 2
    assert config.policies["default"].file == str(tmp_path / "p.toml")
    assert "server.toml: server.port" in message(tmp_path, "", FASTGUARD_SERVER_PORT="many")


def test_with_a_key_others_may_be_let_in(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(f'[server]\nhost = "0.0.0.0"\n[keys.a]\nhash = "{HASH}"\n', encoding="utf-8")
    assert len(load_config(str(file), environment={}).keys) == 1


def test_keys_are_found_by_their_hash_alone() -> None:
    key = new_key()
    assert len(key) > 40
    keys = Keys([Key("a", bytes.fromhex(hash_key(key)[7:]), frozenset({"check"}))])
    found = keys.find(key.encode())
    assert found is not None
    assert found.name == "a"
    assert keys.find(key.encode()[:-1]) is None
    assert keys.find(b"") is None


def test_check_loads_what_the_configuration_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "server.toml"
    file.write_text('[policies.strict]\nfile = "strict.toml"\n', encoding="utf-8")
    (tmp_path / "strict.toml").write_text("[actions.pii]\nblock = 9\n", encoding="utf-8")
    assert main(["serve", "--config", str(file), "--check"]) == 2
    error = capsys.readouterr().err
    assert "policies.strict" in error
    assert "strict.toml: actions.pii.block: got 9; expected an integer from 0 to 5" in error
    (tmp_path / "strict.toml").write_text("[actions.pii]\nblock = 3\n", encoding="utf-8")
    assert main(["serve", "--config", str(file), "--check"]) == 0
    assert "valid: 2 policies" in capsys.readouterr().out


def test_new_key_prints_lines_that_the_configuration_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--new-key", "gateway"]) == 0
    first, _, lines = capsys.readouterr().out.partition("\n\n")
    file = tmp_path / "server.toml"
    file.write_text(lines, encoding="utf-8")
    key = first.rpartition(" ")[2]
    assert key not in lines
    found = load_config(str(file), environment={}).keys.find(key.encode())
    assert found is not None
    assert found.name == "gateway"
