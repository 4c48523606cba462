"""What else is asked of the builder? The flags of `docker build`, as a form."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from cachesim.app.options.pairs import PairTable
from cachesim.app.questions import answered
from cachesim.app.whatif.changes import arg_names, secret_ids
from cachesim.graph.model import BuildGraph
from cachesim.graph.options import BuildOptions, NetworkMode, another_secret

__all__ = ["OptionsDialog"]

_UNCHANGED = "(as it is)"
_NETWORK = {NetworkMode.NONE: "none: RUN steps have no network", NetworkMode.DEFAULT: "default",
            NetworkMode.HOST: "host"}


class OptionsDialog(QDialog):
    """All build options on five tabs; fields say which flag they stand for."""

    def __init__(self, options: BuildOptions, graph: BuildGraph | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Build options")
        self._before = options
        self._tabs = QTabWidget()
        self._general(options, graph)
        self._arguments(options, graph)
        self._labels = PairTable("Labels", ("Label", "Value"), options.labels)
        self._page("Labels", "--label puts a label into the image.", self._labels)
        self._secret_page(options, graph)
        self._more(options)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.addWidget(self._tabs)
        box.addWidget(buttons)
        self.resize(620, 460)

    @classmethod
    def ask(cls, options: BuildOptions, graph: BuildGraph | None, parent: QWidget | None) -> BuildOptions | None:
        """The new options, or None if the person changed their mind."""
        dialog = cls(options, graph, parent)
        return dialog.options() if answered(dialog) else None

    def options(self) -> BuildOptions:
        """What the form says."""
        filters = tuple(item.text() for i in range(self._filters.count())
                        if (item := self._filters.item(i)).checkState() is Qt.CheckState.Checked)
        old = dict(self._before.secrets)
        secrets = tuple((name, old[name] if text == _UNCHANGED and name in old else another_secret(name, old.get(name, "")))
                        for name, text in self._secrets.pairs() if text)
        return replace(
            self._before, target=str(self._target.currentData() or ""), no_cache=self._no_cache.isChecked(),
            no_cache_filter=filters, pull=self._pull.isChecked(), platform=self._platform.currentText().strip(),
            network=self._network.currentData(),
            args=tuple((name, value) for name, value in self._args.pairs() if value or name in dict(self._before.args)
                       or name not in self._offered),
            labels=self._labels.pairs(), secrets=secrets, add_hosts=self._hosts.pairs(),
            contexts=self._contexts.pairs(), ssh=_words(self._ssh), cache_from=_words(self._cache_from),
            ulimits=_words(self._ulimits), cgroup_parent=self._cgroup.text().strip())

    def _page(self, title: str, note: str, content: QWidget) -> None:
        page = QWidget()
        box = QVBoxLayout(page)
        label = QLabel(note)
        label.setWordWrap(True)
        box.addWidget(label)
        box.addWidget(content, 1)
        self._tabs.addTab(page, title)

    def _general(self, options: BuildOptions, graph: BuildGraph | None) -> None:
        form = QWidget()
        rows = QFormLayout(form)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._target = QComboBox()
        self._target.addItem("Last stage (the default)", "")
        for stage in graph.stages if graph is not None else ():
            self._target.addItem(stage.label, stage.name or str(stage.index))
        self._target.setCurrentIndex(max(0, self._target.findData(options.target)))
        self._no_cache = QCheckBox("Run every step (--no-cache)")
        self._no_cache.setChecked(options.no_cache)
        self._filters = QListWidget()
        self._filters.setAccessibleName("Stages without cache")
        self._filters.setMaximumHeight(4 * max(24, self._filters.fontMetrics().height() + 8) + 6)
        for stage in graph.stages if graph is not None else ():
            item = QListWidgetItem(stage.label)
            item.setSizeHint(QSize(0, max(24, self._filters.fontMetrics().height() + 8)))    # the box is higher than a line
            chosen = stage.label in options.no_cache_filter
            item.setCheckState(Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked)
            self._filters.addItem(item)
        self._pull = QCheckBox("Ask the registry for the bases again (--pull)")
        self._pull.setChecked(options.pull)
        self._platform = QComboBox()
        self._platform.setEditable(True)
        self._platform.setMinimumContentsLength(20)
        if (line := self._platform.lineEdit()) is not None:
            line.setPlaceholderText("that of the engine")
        self._platform.addItems(["", "linux/amd64", "linux/arm64", "linux/arm/v7"])
        self._platform.setCurrentText(options.platform)
        self._network = QComboBox()
        for mode, text in _NETWORK.items():
            self._network.addItem(text, mode)
        self._network.setCurrentIndex(self._network.findData(options.network))
        for name, widget in (("Target (--target)", self._target), ("", self._no_cache),
                             ("Stages without cache\n(--no-cache-filter)", self._filters), ("", self._pull),
                             ("Platform (--platform)", self._platform), ("Network (--network)", self._network)):
            rows.addRow(name, widget)
        self._tabs.addTab(form, "General")

    def _arguments(self, options: BuildOptions, graph: BuildGraph | None) -> None:
        given = {name: value or "" for name, value in options.args}
        self._offered = {name for name, _ in arg_names(graph)} if graph is not None else set()
        defaults = dict(arg_names(graph)) if graph is not None else {}
        names = dict.fromkeys([*given, *defaults])
        rows = [(name, given.get(name, ""), defaults.get(name, "")) for name in names]
        self._args = PairTable("Build arguments", ("Argument", "Value", "Default in the file"), rows)
        self._page("Arguments", "--build-arg; an ARG of the file without a value here keeps its default.", self._args)

    def _secret_page(self, options: BuildOptions, graph: BuildGraph | None) -> None:
        ids = dict.fromkeys([name for name, _ in options.secrets] + list(secret_ids(graph) if graph else ()))
        known = dict(options.secrets)
        self._secrets = PairTable("Secrets", ("Id", "Content"),
                                  [(name, _UNCHANGED if name in known else "") for name in ids])
        self._page("Secrets", "--secret; the content is not kept, and no key contains it.", self._secrets)

    def _more(self, options: BuildOptions) -> None:
        form = QWidget()
        rows = QFormLayout(form)
        self._hosts = PairTable("Extra hosts", ("Host", "Address"), options.add_hosts)
        self._contexts = PairTable("Named contexts", ("Name", "Folder or docker-image://…"), options.contexts)
        self._ssh, self._cache_from = QLineEdit(", ".join(options.ssh)), QLineEdit(", ".join(options.cache_from))
        self._ulimits, self._cgroup = QLineEdit(", ".join(options.ulimits)), QLineEdit(options.cgroup_parent)
        for name, widget in (("--add-host", self._hosts), ("--build-context", self._contexts), ("--ssh", self._ssh),
                             ("--cache-from", self._cache_from), ("--ulimit", self._ulimits),
                             ("--cgroup-parent", self._cgroup)):
            widget.setAccessibleName(name)
            rows.addRow(name, widget)
        self._tabs.addTab(form, "More")


def _words(line: QLineEdit) -> tuple[str, ...]:
    return tuple(word.strip() for word in line.text().split(",") if word.strip())
