"""What doctor says of AWS roles."""

from pathlib import Path

from cmlfleet.cli.doctor_security import roles_without_external_id
from cmlfleet.settings import load_settings

ROLE = "arn:aws:iam::444455556666:role/cmlfleet-monitor"
OTHER = "arn:aws:iam::777788889999:role/cmlfleet-monitor"


def test_a_role_without_an_external_id_is_told(tmp_path: Path) -> None:
    config = tmp_path / "cmlfleet.toml"
    config.write_text(
        f'[[accounts]]\nid = "444455556666"\nrole_arn = "{ROLE}"\nregions = ["us-east-1"]\n'
        f'[[accounts]]\nid = "777788889999"\nrole_arn = "{OTHER}"\nexternal_id = "x"\nregions = ["us-east-1"]\n'
    )
    (finding,) = roles_without_external_id(load_settings(config=config, environ={}))
    assert (finding.state, ROLE in finding.text) == ("warning", True)
    assert "external_id" in (finding.fix or "")
