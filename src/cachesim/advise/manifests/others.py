"""What do go, Maven, Bundler, Composer, dotnet and cargo read of a project when they fetch its dependencies?

Where a manifest is a program (Gemfile), only what is spelled out plainly is believed; Gradle's build scripts are not read at
all. Sources: "Go Modules Reference" (go mod download, workspaces, replace); Maven "POM Reference"; Bundler "gemfile(5)";
Composer "scripts", "schema"; .NET docs "dotnet restore", "Customize your build by folder".
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from cachesim.advise.manifests.call import Call, Found

__all__ = ["bundler", "cargo_install", "composer", "dotnet", "go_mod", "gradle", "maven"]


def go_mod(call: Call, found: Found) -> None:
    """`go mod download`, `go mod verify`: go.mod and go.sum of the module, or of all modules of a workspace."""
    work = next((f"{folder}/go.work" for folder in _upwards(call.cwd) if call.at.has(f"{folder}/go.work")), None)
    if "GOFLAGS" in call.env and "-mod" in call.env["GOFLAGS"]:
        found.doubt("$GOFLAGS sets -mod")
    if call.env.get("GOWORK", "off" if work is None else "") == "off" or work is None:
        _go_module(call, found, call.cwd)
        return
    found.file(call, work, work + ".sum")
    text = call.at.text(work)
    if text is None:
        found.doubt("go.work could not be read")
        return
    for folder in _go_words(text, "use"):
        _go_module(call, found, posixpath.normpath(posixpath.join(posixpath.dirname(work), folder)))
    _go_replaced(call, found, text, posixpath.dirname(work))


def _go_module(call: Call, found: Found, folder: str) -> None:
    text = call.at.text(posixpath.join(folder, "go.mod"))
    found.file(call, posixpath.join(folder, "go.mod"), posixpath.join(folder, "go.sum"))
    if text is None:
        found.doubt(f"{folder}/go.mod could not be read")
        return
    _go_replaced(call, found, text, folder)


def _go_replaced(call: Call, found: Found, text: str, folder: str) -> None:
    for line in _go_lines(text, "replace"):
        target = line.partition("=>")[2].strip().split(" ")[0].strip('"`')
        if target.startswith(("./", "../", "/")) or target in (".", ".."):
            place = posixpath.normpath(posixpath.join(folder, target))
            if not call.at.has(f"{place}/go.mod"):
                found.doubt(f"go.mod replaces a module by {target}, which has no go.mod here")
            found.file(call, f"{place}/go.mod", f"{place}/go.sum")


def _go_words(text: str, word: str) -> list[str]:
    return [line.split()[0].strip('"`') for line in _go_lines(text, word)]


def _go_lines(text: str, word: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines():
        line = line.partition("//")[0].strip()
        if inside:
            if line == ")":
                inside = False
            elif line:
                yield line
        elif re.match(rf"{word}\s*\($", line):
            inside = True
        elif line.startswith(word + " "):
            yield line[len(word):].strip()


def maven(call: Call, found: Found) -> None:
    """`mvn dependency:go-offline` and `dependency:resolve…` of a project with one module."""
    goals = [w for w in call.argv[1:] if not w.startswith("-")]
    if not goals or not all(re.fullmatch(r"(org\.apache\.maven\.plugins:maven-)?dependency(-plugin)?(:[\d.]+)?:"
                                         r"(go-offline|resolve|resolve-plugins)", g) for g in goals):
        found.refuse("the build reads the sources")
        return
    if call.flag("-f", "--file", "-pl", "--projects", "-s", "--settings", "-gs", "-P"):
        found.doubt("an option chooses other files or profiles")
    found.file(call, "pom.xml", "mvnw")
    found.tree(call, ".mvn")
    if any(p.rpartition("/")[2] in ("extensions.xml", "maven.config", "jvm.config") for p in call.at.below(call.path(".mvn"))):
        found.doubt(".mvn changes how Maven works")
    root = _xml(call, found, call.path("pom.xml"))
    seen = 0
    place = call.path("pom.xml")
    while root is not None and seen < 8:
        seen += 1
        names = {e.tag.rpartition("}")[2] for e in root.iter()}
        for name, why in (("modules", "pom.xml has modules"), ("systemPath", "pom.xml names a file by systemPath"),
                          ("exists", "a profile of pom.xml looks for files"), ("missing", "a profile of pom.xml looks for files"),
                          ("extensions", "pom.xml loads extensions into Maven")):
            if name in names:
                found.doubt(why)
        _local_repository(root, found)
        parent = next((e for e in root if e.tag.rpartition("}")[2] == "parent"), None)
        if parent is None:
            break
        relative = next((e.text or "" for e in parent if e.tag.rpartition("}")[2] == "relativePath"), "../pom.xml").strip()
        place = posixpath.normpath(posixpath.join(posixpath.dirname(place), relative)) if relative else ""
        if place and not place.endswith(".xml"):
            place += "/pom.xml"
        if not place or not call.at.has(place):
            break
        found.file(call, place)
        root = _xml(call, found, place)


def _local_repository(root: ElementTree.Element, found: Found) -> None:
    for element in root.iter():
        text = (element.text or "").strip()
        if element.tag.rpartition("}")[2] == "url" and (text.startswith("file:") or "basedir" in text):
            found.doubt("pom.xml takes artifacts from a folder")
            return


def gradle(call: Call, found: Found) -> None:
    """Gradle runs its build scripts first, and they may read anything."""
    found.file(call, *(name for name in (
        "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradle.properties", "gradlew",
        "gradle.lockfile", "settings-gradle.lockfile")))
    found.tree(call, "gradle", "buildSrc")
    tasks = [w for w in call.argv[1:] if not w.startswith("-")]
    harmless = r":?(dependencies|buildEnvironment|resolveDependencies|downloadDependencies|help|tasks)"
    if not tasks or not all(re.fullmatch(harmless, t) for t in tasks):
        found.refuse("the build reads the sources")
    settings = call.text("settings.gradle") or call.text("settings.gradle.kts") or ""
    if re.search(r"\binclude(Build)?\b", settings):
        found.refuse("settings.gradle includes other projects")
    found.doubt("the build scripts are programs that may read other files")


_PLAIN_GEM = re.compile(
    r"(source|gem|ruby|group|platforms?|end|git_source|install_if)\b|#|$|\"|'|\)|[\w.:-]+:\s|:[\w]+\s*=>|%[iw]\[|~>|>=|\]")
_RUBY_CODE = re.compile(r"\b(File|Dir|IO|eval\w*|instance_eval|require\w*|load|path|system|exec|Pathname|YAML|JSON|read)\b|`|%x")


def bundler(call: Call, found: Found) -> None:
    """`bundle install`: Gemfile and Gemfile.lock, and what the Gemfile names."""
    if "BUNDLE_GEMFILE" in call.env or call.flag("--gemfile", "--path"):
        found.doubt("another Gemfile or path is chosen")
    found.file(call, "Gemfile", "Gemfile.lock", ".bundle/config", "gems.rb", "gems.locked")
    found.tree(call, "vendor/cache")
    text = call.text("Gemfile")
    if text is None:
        found.doubt("Gemfile could not be read")
        return
    for line in text.splitlines():
        code = re.sub(r"(^|\s)#.*$", "", line).strip()
        named = re.fullmatch(r"ruby\s*\(?\s*file:\s*[\"']([^\"']+)[\"']\s*\)?", code)
        if named:
            found.file(call, named[1])
        elif re.match(r"gemspec\b", code) or re.search(r"\bpath:|:path\s*=>|^path\b", code):
            found.refuse("the Gemfile takes a gem from a folder (its gemspec reads the sources)")
        elif "git_source" not in code and _RUBY_CODE.search(_without_strings(code)):
            found.doubt(f"the Gemfile runs code (`{code[:50]}`)")
        elif not _PLAIN_GEM.match(code):
            found.doubt(f"a line of the Gemfile is no plain declaration (`{code[:50]}`)")
    frozen = {"BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"} & call.env.keys() or call.flag("--frozen", "--deployment")
    if not frozen:
        found.rewrites[call.path("Gemfile.lock")] = None


def _without_strings(code: str) -> str:
    return re.sub(r"\"[^\"#]*\"|'[^']*'", '""', code)


def composer(call: Call, found: Found) -> None:
    """`composer install`: scripts and plugins may read the sources, a class map does."""
    found.file(call, "composer.json", "composer.lock", "auth.json", "symfony.lock")
    data, lock = _json(call, found, "composer.json"), _json(call, found, "composer.lock")
    config = data.get("config") if isinstance(data.get("config"), dict) else {}
    assert isinstance(config, dict)
    if data.get("scripts") and not call.flag("--no-scripts"):
        found.refuse("a script of composer.json runs at the install and may read the sources")
    autoload = {**_dict(data.get("autoload")), **_dict(data.get("autoload-dev"))}
    if not call.flag("--no-autoloader"):
        if "classmap" in autoload or config.get("optimize-autoloader") or config.get("classmap-authoritative") or call.flag(
                "-o", "--optimize-autoloader", "-a", "--classmap-authoritative"):
            found.refuse("composer looks through the sources for the class map")
    repositories = data.get("repositories", [])
    for repository in repositories.values() if isinstance(repositories, dict) else repositories:
        if isinstance(repository, dict) and repository.get("type") in ("path", "artifact"):
            found.refuse("composer.json takes a package from a folder")
    plugins = [p.get("name") for group in ("packages", "packages-dev") for p in lock.get(group) or ()
               if isinstance(p, dict) and p.get("type") == "composer-plugin"]
    if plugins and not call.flag("--no-plugins"):
        found.doubt(f"the plugin {plugins[0]} might read the sources")
    if call.at.has_folder(call.path(".git")):
        found.doubt("composer writes the commit of .git into vendor/composer/installed.php")


def dotnet(call: Call, found: Found) -> None:
    """`dotnet restore`: project files, those they refer to, and what MSBuild and NuGet look for in folders."""
    values = call.values("-r", "--runtime", "-s", "--source", "-v", "--verbosity", "--configfile", "--packages", "-a", "--arch",
                         "--os", "--tl", "--lock-file-path")
    named = [w for w in call.argv[2:] if not w.startswith("-") and w not in values]
    if call.flag("--configfile"):
        found.file(call, *call.values("--configfile"))
    places = [call.path(w) for w in named] or [call.cwd]
    projects: list[str] = []
    for place in places:
        own = [place] if call.at.has(place) else [
            p for p in call.at.below(place)
            if posixpath.dirname(p) == place and p.endswith((".sln", ".csproj", ".fsproj", ".vbproj"))]
        solutions = [p for p in own if p.endswith(".sln")]
        if not own:
            found.doubt(f"no project file in {place}")
        projects += solutions or own
    seen: set[str] = set()
    while projects:
        path = projects.pop()
        if path in seen:
            continue
        seen.add(path)
        text = call.at.text(path)
        if text is None:
            found.doubt(f"{posixpath.basename(path)} could not be read")
            continue
        found.file(call, path)
        folder = posixpath.dirname(path)
        for up in _upwards(folder):
            for other in call.at.below(up or "/"):
                if posixpath.dirname(other) == (up or "/") and posixpath.basename(other).lower() in _MSBUILD:
                    found.file(call, other)
                    if posixpath.basename(other).lower().startswith("directory.build") and re.search(
                            r"<Import\b|Exists\(|System\.IO", call.at.text(other) or ""):
                        found.doubt(f"{posixpath.basename(other)} imports or looks for other files")
        if path.endswith(".sln"):
            named_in = re.findall(r'=\s*"[^"]*",\s*"([^"]+\.\w+proj)"', text)
            projects += [posixpath.normpath(posixpath.join(folder, name.replace("\\", "/"))) for name in named_in]
            if not named_in:
                found.doubt(f"{posixpath.basename(path)} names no project")
            continue
        for name in re.findall(r'<ProjectReference\s[^>]*Include\s*=\s*"([^"]+)"', text):
            projects.append(posixpath.normpath(posixpath.join(folder, name.replace("\\", "/"))))
        found.file(call, f"{folder}/packages.lock.json")
        if re.search(r"<Import\b|Exists\(|System\.IO|<Exec\b|<Target\b", text):
            found.doubt(f"{posixpath.basename(path)} imports or looks for other files")


_MSBUILD = frozenset(("directory.build.props", "directory.build.targets", "directory.build.rsp", "directory.packages.props",
                      "nuget.config", "global.json"))


def cargo_install(call: Call, found: Found) -> None:
    """`cargo install NAME`: only cargo's own settings and the tool chain file of the folder."""
    if call.flag("--path") or not [w for w in call.argv[2:] if not w.startswith("-")]:
        found.refuse("the sources are installed")
    for folder in _upwards(call.cwd):
        found.file(call, *(f"{folder}/{name}" for name in (
            "rust-toolchain", "rust-toolchain.toml", ".cargo/config", ".cargo/config.toml")))


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _json(call: Call, found: Found, name: str) -> dict[str, Any]:
    text = call.text(name)
    if text is None:
        found.doubt(f"there is no {name}")
        return {}
    try:
        return _dict(json.loads(text))
    except ValueError:
        found.doubt(f"{name} could not be read")
        return {}


def _xml(call: Call, found: Found, path: str) -> ElementTree.Element | None:
    text = call.at.text(path)
    try:
        if text is not None and "<!ENTITY" not in text:
            return ElementTree.fromstring(text)
    except ElementTree.ParseError:
        pass
    found.doubt(f"{posixpath.basename(path)} could not be read")
    return None


def _upwards(folder: str) -> list[str]:
    found = [folder.rstrip("/")]
    while folder not in ("/", ""):
        folder = posixpath.dirname(folder)
        found.append(folder.rstrip("/"))
    return found
