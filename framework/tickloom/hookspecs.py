"""The five hooks through which a distribution meets tickloom, and the two markers that go with them.

A plugin is a module, named in the entry-point group ``tickloom``, that holds functions marked with `hookimpl`. It
writes only the hooks it needs, and of each only the arguments it needs. Hooks run at wiring and at the ends of a run,
on the thread that runs the loop, never for an event: what handles events is what a plugin has registered.
"""

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from tickloom.config import Config
    from tickloom.events import PluginFault
    from tickloom.plugins import Register

#: Marks a function of a plugin as an implementation of the hook of the same name.
hookimpl = pluggy.HookimplMarker("tickloom")

#: Marks the declarations below.
hookspec = pluggy.HookspecMarker("tickloom")


@hookspec
def tickloom_register(register: "Register") -> None:
    """Announce what the plugin offers: names for users to write, and where their factories are.

    When: once per process and registry, before any config has been looked at. Thread: the main thread.
    The module runs at every start of the program, so it imports nothing heavy: a factory is imported when a run
    names it. An error here takes out this plugin alone; nothing that it had announced remains.

    Parameters
    ----------
    register : Register
        One method per kind of plugin, such as ``register.algo("twap", "my_package.twap:Twap")``.

    Returns
    -------
    None
        A returned value is ignored.
    """


@hookspec
def tickloom_configure(config: "Config") -> None:
    """Look at the config of a run, and refuse it where the plugin cannot work with it.

    When: once per run, before anything is built from the config. Thread: the one that will run the loop.
    Plugins are asked in the order in which they were loaded. A raised error ends the run before it has begun, with
    the plugin's name in the message; raise `tickloom.errors.ConfigError` with the key that is wrong.

    Parameters
    ----------
    config : Config
        As read and checked; it cannot be changed.

    Returns
    -------
    None
        A returned value is ignored.
    """


@hookspec
def tickloom_startup(run: Any) -> None:
    """Take up work beside a run: open a file, start a program, attach an observer.

    When: once per run, when everything is wired and before the first row. Thread: the one that runs the loop, which
    waits. Plugins are called in the order in which they were loaded. A raised error ends the run.

    Parameters
    ----------
    run : object
        The wired run, as the engine made it.

    Returns
    -------
    None
        A returned value is ignored.
    """


@hookspec
def tickloom_shutdown(run: Any) -> None:
    """Put down what `tickloom_startup` took up.

    When: once per run that was started, after its last event, also where it ended in an error. Thread: the one that
    ran the loop. Plugins are called in the reverse order of loading; one that raises does not keep the others from
    being called, and its error is reported.

    Parameters
    ----------
    run : object
        The same object that `tickloom_startup` got.

    Returns
    -------
    None
        A returned value is ignored.
    """


@hookspec
def tickloom_plugin_fault(fault: "PluginFault") -> None:
    """Hear that some plugin raised in a handler, and what was done about it.

    When: for each fault, after the loop has dealt with it. Thread: the one that runs the loop, so be quick. This is
    for telling people; it cannot change what happens. An error raised here is reported and is no further fault.

    Parameters
    ----------
    fault : PluginFault
        Which plugin, in which callback, what it raised, what was done.

    Returns
    -------
    None
        A returned value is ignored.
    """
