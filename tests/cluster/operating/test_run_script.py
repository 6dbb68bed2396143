"""What ./run decides before it calls apt; nothing is installed here."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from harness import ROOT

RUN = ROOT / "run"
ONE_LINE = "etc/sources.list"
STANZAS = "etc/sources.list.d/debian.sources"


def source_of(tmp_path, suite, files):
    """What apt_source_of of ./run prints, with apt's folder moved to tmp_path/etc."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "etc/sources.list.d").mkdir(parents=True, exist_ok=True)
    function = re.search(r"^apt_source_of\(\) \{.*?^\}", RUN.read_text(), re.M | re.S).group(0)
    script = ('say() { printf "%s\\n" "$*"; }\n'
              "backports_list=./etc/sources.list.d/psephos-backports.sources\n"
              + function.replace("/etc/apt", "./etc") + '\napt_source_of "$1"\n')
    done = subprocess.run(["sh", "-euc", script, "run", suite], cwd=tmp_path, check=True,
                          capture_output=True, text=True)
    return done.stdout.rstrip("\n").split("\t") if done.stdout.strip() else None


@pytest.mark.parametrize("line, wanted", [
    ("deb http://a.example/debian bookworm main", ["http://a.example/debian", ""]),
    ("deb [signed-by=/k/a.gpg arch=amd64] http://a.example/debian bookworm main contrib # x",
     ["http://a.example/debian", "/k/a.gpg"]),
    ("deb [ arch=amd64 signed-by=/k/a.gpg ] http://a.example/debian bookworm main",
     ["http://a.example/debian", "/k/a.gpg"]),
    ("deb cdrom:[Debian 12]/ bookworm main", None),
    ("deb-src http://a.example/debian bookworm main", None),
    ("# deb http://a.example/debian bookworm main", None),
    ("deb http://a.example/debian bookworm-updates main", None),
])
def test_a_one_line_source_is_read(tmp_path, line, wanted):
    assert source_of(tmp_path, "bookworm", {ONE_LINE: line + "\n"}) == wanted


def test_stanzas_are_read_with_their_continuations(tmp_path):
    text = """# a comment
Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm

types: deb deb-src
# a comment inside
URIs: http://good.example/debian
  http://second.example/debian
Suites: bookworm-updates
 bookworm
Signed-By: /k/b.gpg
"""
    assert source_of(tmp_path, "bookworm", {STANZAS: text}) == [
        "http://good.example/debian", "/k/b.gpg"]


def test_an_embedded_key_is_no_path(tmp_path):
    text = ("Types: deb\nURIs: http://a.example/debian\nSuites: bookworm\nSigned-By:\n"
            " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n")
    assert source_of(tmp_path, "bookworm", {STANZAS: text}) == ["http://a.example/debian", ""]


def test_our_own_source_does_not_count_as_the_machines(tmp_path):
    text = "Types: deb\nURIs: http://a.example/debian\nSuites: bookworm-backports\n"
    own = "etc/sources.list.d/psephos-backports.sources"
    assert source_of(tmp_path, "bookworm-backports", {own: text}) is None
    assert source_of(tmp_path, "bookworm-backports", {STANZAS: text}) == [
        "http://a.example/debian", ""]


def test_no_host_is_named_in_run():
    assert not re.search(r"https?://\w", RUN.read_text())


def test_apts_progress_outlives_lines_that_say_something_else():
    """The reader must not end before apt does: a package's scripts would write into nothing."""
    function = re.search(r"^show_apt\(\) \{.*?^\}", RUN.read_text(), re.M | re.S).group(0)
    script = 'say() { printf "%s\\n" "$*"; }\n' + function + "\nshow_apt\n"
    lines = ["dlstatus:1:12.5:Retrieving file 1 of 3", "pmstatus:libc6:amd64:33.1:Unpacking",
             "pmstatus:x:Running post-installation trigger: man", "words of no kind",
             "pmstatus:ca-certificates:99.8655:Configuring"]
    done = subprocess.run(["sh", "-euc", script], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["fetching", "12", "%", "installing", "33", "%", "installing",
                                   "99", "%"]


@pytest.mark.parametrize("arguments, code", [
    (["help"], 0), (["--help"], 0), ([], 0), (["nonsense"], 2), (["fuzz", "--seconds", "x"], 2),
    (["test", "--help"], 0), (["demo", "--help"], 0), (["demo", "--nonsense"], 2),
    (["build", "--nonsense"], 2),
])
def test_exit_codes_of_the_command_line(arguments, code):
    done = subprocess.run([RUN, *arguments], capture_output=True, text=True, timeout=20)
    assert done.returncode == code, done.stderr
    assert "./run" in done.stdout + done.stderr or "--seconds" in done.stderr


@pytest.mark.parametrize("arguments", [
    *([command, "--help"] for command in ("demo", "test", "build", "bench", "sim", "fuzz", "lint",
                                          "chaos", "damage", "power", "soak", "hosts", "bridges",
                                          "packages")),
    ["demo", "--exit", "--help"], ["bench", "help"], ["sim", "help"]], ids=" ".join)
def test_help_installs_and_builds_nothing(tmp_path, arguments):
    called = tmp_path / "called"
    for name in ("dpkg-query", "apt-get", "sudo", "cmake", "npm", "node", "git"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} >>{called}\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run([RUN, *arguments], capture_output=True, text=True, timeout=20,
                          env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert (done.returncode, done.stderr) == (0, "") and not called.exists()
    assert "usage: " in done.stdout


def built(tmp_path, npm, page, optional):
    """build_release of ./run in tmp_path, with nothing to compile and this npm."""
    text = RUN.read_text()
    functions = [re.search(rf"^{name}\(\) \{{.*?^\}}", text, re.M | re.S).group(0)
                 for name in ("make_page", "page_is_built", "wait_for_page", "build_release")]
    (tmp_path / "dashboard").mkdir()
    (tmp_path / "npm").write_text(f"#!/bin/sh\n{npm}\n")
    (tmp_path / "npm").chmod(0o755)
    script = "\n".join([
        'say() { printf "%s\\n" "$*"; }', 'warn() { printf "run: %s\\n" "$*" >&2; }',
        "configure_and_build() { :; }", f"root={tmp_path}; page_missing=",
        f"with_page={page}; page_optional={optional}", *functions, "build_release"])
    return subprocess.run(["sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True,
                          timeout=20, env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"})


def fetched(tmp_path, apt_get, debian=12, call="fetch_promtool", then="promtool || :"):
    """This function of ./run, and what it then finds, where apt-get does this."""
    function = re.search(rf"^{call}\(\) \{{.*?^\}}", RUN.read_text(), re.M | re.S).group(0)
    function = function.replace("/usr/sbin:", ":").replace("/usr/lib/postgresql", "nowhere")
    programs = tmp_path / "programs"  # all that it may call; no promtool of this machine
    programs.mkdir()
    for name in ("sh", "mkdir", "dpkg-deb", "tar", "rm", "tail", "cp", "xz", "gzip", "zstd",
                 "find"):
        if shutil.which(name):
            (programs / name).symlink_to(shutil.which(name))
    (programs / "apt-get").write_text(f"#!/bin/sh\n{apt_get}\n")
    (programs / "apt-get").chmod(0o755)
    script = "\n".join(['say() { printf "%s\\n" "$*"; }',
                        'warn() { printf "run: %s\\n" "$*" >&2; }',
                        f"root={tmp_path}; debian={debian}", function,
                        call, then])
    return subprocess.run(["sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True,
                          timeout=20, env={"PATH": str(programs)})


@pytest.mark.parametrize("debian, name", [(12, "prometheus"), (13, "promtool")])
def test_promtool_is_taken_out_of_its_package_and_nothing_else(tmp_path, debian, name):
    made = tmp_path / "made"
    for folder, file, text in (("DEBIAN", "control", f"Package: {name}\nVersion: 1\n"
                                "Architecture: all\nMaintainer: x <x@localhost>\n"
                                "Description: x\n"),
                               ("usr/bin", "promtool", "#!/bin/sh\necho it is here\n"),
                               ("usr/bin", "prometheus", "#!/bin/sh\n")):
        (made / folder).mkdir(parents=True, exist_ok=True)
        (made / folder / file).write_text(text)
        (made / folder / file).chmod(0o755)
    package = tmp_path / f"{name}_1_all.deb"
    subprocess.run(["dpkg-deb", "-b", made, package], check=True, capture_output=True)
    apt_get = f'[ "$*" = "-q download {name}" ] && cp {package} .'
    done = fetched(tmp_path, apt_get, debian)
    assert done.stderr == "" and done.stdout.splitlines()[1:] == ["it is here"]
    left = [path.relative_to(tmp_path / "build" / "tools").as_posix()
            for path in (tmp_path / "build" / "tools").rglob("*") if path.is_file()]
    assert left == ["usr/bin/promtool"]


def test_servers_are_taken_out_of_their_packages_and_kept(tmp_path):
    apt_get = ['echo "$*" >>asked']
    for name, file in (("nginx", "usr/sbin/nginx"), ("postgresql-17", "usr/lib/pg/bin/initdb"),
                       ("postgresql-client-17", "usr/lib/pg/bin/psql")):
        made = tmp_path / name
        (made / "DEBIAN").mkdir(parents=True)
        (made / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@localhost>\n"
            "Description: x\n")
        (made / file).parent.mkdir(parents=True)
        (made / file).write_text("#!/bin/sh\necho it is here\n")
        (made / file).chmod(0o755)
        subprocess.run(["dpkg-deb", "-b", made, tmp_path / f"{name}_1_all.deb"], check=True,
                       capture_output=True)
        apt_get.append(f"cp {tmp_path}/{name}_1_all.deb .")
    done = fetched(tmp_path, "\n".join(apt_get), 13, "fetch_servers", "nginx; fetch_servers")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1:] == ["it is here"]
    tools = tmp_path / "build" / "tools"
    assert (tools / "asked").read_text().split() == [
        "-q", "download", "nginx", "postgresql-17", "postgresql-client-17"]
    assert sorted(path.name for path in tools.rglob("*") if path.is_file()) == [
        "asked", "initdb", "nginx", "psql"]


def test_without_promtool_the_tests_go_on_and_say_so(tmp_path):
    done = fetched(tmp_path, 'echo "E: Unable to locate package prometheus" >&2; exit 100')
    assert done.returncode == 0
    assert done.stderr.splitlines()[:2] == [
        "E: Unable to locate package prometheus",
        "run: promtool could not be fetched (build/promtool.log); what needs it is skipped."]


@pytest.mark.skipif(os.geteuid() != 0, reason="root is needed to become somebody else")
def test_what_root_fetches_belongs_to_whose_clone_it_is(tmp_path):
    function = re.search(r"^run_packages\(\) \{.*?^\}", RUN.read_text(), re.M | re.S).group(0)
    clone, elsewhere = tmp_path / "clone", tmp_path / "elsewhere"
    clone.mkdir()
    os.chown(clone, 12345, 54321)
    elsewhere.write_text("root's")
    script = "\n".join(["need() { page_missing=; }", "fetch_promtool() { mkdir build/tools; }",
                        f"fetch_servers() {{ ln -s {elsewhere} build/tools/link; }}",
                        function, "run_packages"])
    subprocess.run(["sh", "-euc", script], cwd=clone, check=True)
    for path in (clone / "build", clone / "build/tools", clone / "build/tools/link"):
        assert (path.lstat().st_uid, path.lstat().st_gid) == (12345, 54321)
    assert elsewhere.stat().st_uid == 0


UNREACHABLE = 'sleep 2; echo "npm error network" >&2; exit 1'  # long enough to be seen at it


def test_the_demo_goes_on_without_npm_and_says_so(tmp_path):
    done = built(tmp_path, UNREACHABLE, page="yes", optional="yes")
    assert done.returncode == 0
    assert done.stdout == "the page: npm fetches its packages ...\n"
    assert done.stderr.splitlines() == [
        "npm error network",
        "run: npm could not fetch the page's packages (build/page.log).",
        "run: going on without the page: the API and the terminal show the count all the same."]


def test_a_build_without_npm_fails_and_names_the_option(tmp_path):
    done = built(tmp_path, UNREACHABLE, page="yes", optional="no")
    assert done.returncode == 1
    assert "run: --no-page does without it:" in done.stderr.splitlines()[-1]


def test_without_the_page_npm_is_not_called(tmp_path):
    done = built(tmp_path, f"echo called >{tmp_path}/called; exit 1", page="no", optional="no")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / "called").exists()


def test_npm_keeps_its_cache_in_the_build_folder(tmp_path):
    done = built(tmp_path, f'echo "$@" >>{tmp_path}/called', page="yes", optional="no")
    assert done.returncode == 0, done.stderr
    called = (tmp_path / "called").read_text().splitlines()
    assert [line.split()[0] for line in called] == ["ci", "run"]
    assert f" --cache {tmp_path}/build/npm-cache " in called[0]
    for script in (RUN, ROOT / "tests" / "lint" / "lint.sh"):
        for found in re.findall(r"npm ci .*?(?:&&|\)|$)", script.read_text(), re.S):
            assert "--cache" in found, found


REPORT = """<testsuite><testcase name="test_import" classname="test_import" status="{status}">
<system-out>[==========] {group}Running 3 test(s).
[ RUN      ] two
skipped: no such data
[  SKIPPED ] two
[==========] {group}3 test(s) run.
[  PASSED  ] {passed} test(s).
[  SKIPPED ] {group}1 test(s), listed below:
[  SKIPPED ] two
</system-out></testcase></testsuite>
"""


@pytest.mark.parametrize("group", ["", "tests: "], ids=["Debian 12", "Debian 13"])
@pytest.mark.parametrize("status, passed, line", [
    ("run", 2, "2 passed, 0 failed, 1 skipped"),
    ("fail", 1, "1 passed, 1 failed, 1 skipped"),
    ("fail", 2, "2 passed, 1 failed, 1 skipped")])
def test_the_summary_counts_the_cases_of_both_cmockas(tmp_path, group, status, passed, line):
    (tmp_path / "unit-plain.xml").write_text(
        REPORT.format(group=group, status=status, passed=passed))
    done = subprocess.run([sys.executable, ROOT / "tests/lint/summary.py", tmp_path, "unit-plain"],
                          capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == line
    assert done.stdout.count("    skipped: two: no such data\n") == 1
    assert done.returncode == (status == "fail")


def test_a_program_that_ran_nothing_has_not_passed(tmp_path):
    (tmp_path / "unit-plain.xml").write_text(
        '<testsuite><testcase name="test_target" status="run"><system-out>skipped: no server\n'
        "</system-out></testcase></testsuite>")
    done = subprocess.run([sys.executable, ROOT / "tests/lint/summary.py", tmp_path, "unit-plain"],
                          capture_output=True, text=True)
    assert "    skipped: test_target: no server\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 passed, 0 failed, 1 skipped"


def test_without_cmocka_the_unit_tests_are_an_error(tmp_path):
    """A handful of tests needs no cmocka: alone, all of them would pass."""
    build = tmp_path / "build"
    asked = tmp_path / "pkg-config"
    asked.write_text('#!/bin/sh\ncase " $* " in *cmocka*) exit 1 ;; esac\nexec pkg-config "$@"\n')
    asked.chmod(0o755)
    subprocess.run(["cmake", "-S", ROOT, "-B", build, "-G", "Ninja",
                    f"-DPKG_CONFIG_EXECUTABLE={asked}"], check=True, capture_output=True)
    ran = subprocess.run(["ctest", "--test-dir", build, "-R", "cmocka_is_there",
                          "--output-on-failure"], capture_output=True, text=True)
    assert ran.returncode != 0 and "apt install libcmocka-dev" in ran.stdout
    made = subprocess.run(["cmake", "--build", build, "--target", "psp_no_cmocka"],
                          capture_output=True, text=True)
    assert made.returncode != 0 and "apt install libcmocka-dev" in made.stdout
