"""Completions, asked for as the shells ask."""

import shutil

import pytest

from cli_site import kept_site  # noqa: F401

pytestmark = pytest.mark.pg(15)


def bash(site, *words):
    """What bash offers for the last of the words."""
    listed = " ".join(f"'{word}'" for word in ("lc2", *words))
    done = site.shell(f"source <(lc2 completion bash); COMP_WORDS=({listed}); COMP_CWORD={len(words)};"
                      " _lc2; (( ${#COMPREPLY[@]} )) && printf '%s\\n' \"${COMPREPLY[@]}\" || true")
    assert done.stderr == "" and done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_bash_completes(kept_site):
    both = [kept_site.newer, kept_site.older]
    assert bash(kept_site, "ba") == ["backup"]
    assert bash(kept_site, "backup", "d") == ["diff", "download", "delete"]
    assert bash(kept_site, "--project", "retail", "backup", "cr") == ["create"], "a value is no command"
    assert bash(kept_site, "backup", "create", "--ret") == ["--retention-days"]
    assert bash(kept_site, "backup", "create", "--verify", "") == ["Exists", "Sample", "Full"]
    assert bash(kept_site, "backup", "list", "-o", "j") == ["json"]
    assert bash(kept_site, "backup", "get", "") == both
    assert bash(kept_site, "backup", "logs", "") == both
    assert bash(kept_site, "backup", "diff", kept_site.older, kept_site.newer[:-3]) != []
    assert bash(kept_site, "restore", "create", "nothing-like-it") == []
    assert bash(kept_site, "get", "lif") == ["liferayenvironments"]
    assert bash(kept_site, "get", "environment", "") == ["retail-prd"]
    assert bash(kept_site, "completion", "") == ["bash", "zsh", "fish"]
    assert bash(kept_site, "apply", "-f", "envi") == ["environment.yaml"]
    assert bash(kept_site, "no-such-command", "") == []


def test_bash_registers_the_function(kept_site):
    done = kept_site.shell("source <(lc2 completion bash); complete -p lc2; compgen -A function _lc2")
    assert done.stdout.split() == ["complete", "-F", "_lc2", "lc2", "_lc2"]


def test_completion_makes_no_home(kept_site):
    other = kept_site.other_home("never-made")
    other("completion", "bash")
    kept_site.shell(f"LC2_HOME={other.home} lc2 __complete backup get ''")
    assert not other.home.exists()


def test_zsh_takes_the_script(kept_site):
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    done = kept_site.shell("lc2 completion zsh >_lc2 && zsh -n _lc2 && zsh -f -c '"
                           "autoload -U compinit; compinit -u -D; source ./_lc2; print $_comps[lc2];"
                           " _describe() { print -l -- ${(P)2} }; _files() { print FILES };"
                           ' words=(lc2 backup d); CURRENT=3; _lc2\'')
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "_lc2", "diff:documents that differ between two backups",
        "download:copy a whole backup into a folder",
        "delete:delete a backup after the location's soft-delete delay"]


def test_fish_completes(kept_site):
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    done = kept_site.shell("lc2 completion fish >lc2.fish && fish -n lc2.fish && "
                           "fish --no-config -c 'source lc2.fish; complete -C \"lc2 backup d\"'")
    assert done.returncode == 0, done.stderr
    assert sorted(line.split("\t")[0] for line in done.stdout.splitlines()) == [
        "delete", "diff", "download"]
