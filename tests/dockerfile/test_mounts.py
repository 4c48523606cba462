"""What do mount attributes mean, and which are refused when?"""

from __future__ import annotations

import pytest

from cachesim.dockerfile.expand import expand_word
from cachesim.dockerfile.mounts import MountError, ResolvedMount, read_mount, resolve_mount

ENV = {"T": "cache", "D": "/c", "N": "", "Y": "true"}


def resolved(value: str) -> ResolvedMount:
    return resolve_mount(value, lambda text: expand_word(text, ENV))


@pytest.mark.parametrize(("value", "mount"), [
    ("type=cache,target=/c", ResolvedMount("cache", target="/c")),
    ("type=$T,dst=$D", ResolvedMount("cache", target="/c")),
    ("target=/c", ResolvedMount("bind", target="/c", readonly=True)),
    ("source=a,destination=/c,rw", ResolvedMount("bind", source="a", target="/c")),
    ("src=a,target=/c,readwrite=false", ResolvedMount("bind", source="a", target="/c", readonly=True)),
    ("src=a,target=/c,ro=false,from=s", ResolvedMount("bind", source="a", target="/c", from_="s")),
    ("TYPE=TMPFS,target=/t,size=64m", ResolvedMount("tmpfs", target="/t", size=64 * 2**20)),
    ("type=cache,id=i,sharing=LOCKED,mode=0755,uid=1,gid=2,target=/c,ro",
     ResolvedMount("cache", id="i", sharing="locked", mode=0o755, uid=1, gid=2, target="/c", readonly=True)),
    ("type=secret,id=s,required,env=E", ResolvedMount("secret", id="s", required=True, env="E", readonly=True)),
    ("type=ssh,required=$Y", ResolvedMount("ssh", required=True, readonly=True)),
    ('type=cache,"target=/a,b"', ResolvedMount("cache", target="/a,b")),
    ('type=cache,"target=/a"" ""b"', ResolvedMount("cache", target="/a b")),
])
def test_resolved(value, mount):
    assert resolved(value) == mount


@pytest.mark.parametrize(("value", "message"), [
    ("type=foo", 'unsupported mount type "foo"'),
    ("type=cach", 'unsupported mount type "cach" (did you mean cache?)'),
    ("typ=cache", "unexpected key 'typ' in 'typ=cache' (did you mean type?)"),
    ("type=cache,target", "invalid field 'target' must be a key=value pair"),
    ("type=cache,size=1", "unexpected key 'size' for mount type 'cache'"),
    ("type=tmpfs,size=x", "invalid value for size: x"),
    ("required", "unexpected key 'required' for mount type 'bind'"),
    ("type=secret,required=x,id=a", "invalid value for required: x"),
    ("type=bind,ro=$N", "invalid value for ro: "),
    ("type=cache,sharing=share", 'unsupported sharing value "share"'),
    ("type=cache,mode=9", "invalid value 9 for mode"),
    ("type=cache,uid=-1", "invalid value -1 for uid"),
    ("type=bind,gid=1", 'gid not allowed for "bind" type mounts'),
    ("type=tmpfs,mode=1", 'mode not allowed for "tmpfs" type mounts'),
    ("type=secret,from=x", "secret mount should not have a from"),
    ("type=secret", "invalid secret mount. one of source, target required"),
    ("type=secret,source=a,id=b", "both source and id can't be set"),
    ("type=secret,id=a,sharing=locked", "secret mount should not define sharing"),
    ("type=ssh,sharing=locked", "invalid cache sharing set for ssh mount"),
])
def test_refused_when_the_step_is_made(value, message):
    read_mount(value)
    with pytest.raises(MountError) as caught:
        resolved(value)
    assert str(caught.value).removesuffix(" (did you mean shared?)") == message


@pytest.mark.parametrize(("value", "message"), [
    ("", "failed to parse csv mounts: EOF"),
    ('a"b', 'failed to parse csv mounts: parse error on line 1, column 2: bare " in non-quoted field'),
    ('é,a"b', 'failed to parse csv mounts: parse error on line 1, column 5: bare " in non-quoted field'),
    ('"a', 'failed to parse csv mounts: parse error on line 1, column 2: extraneous or missing " in quoted-field'),
    ('"a"b', 'failed to parse csv mounts: parse error on line 1, column 3: extraneous or missing " in quoted-field'),
    ("from=$x", "'from' doesn't support variable expansion, define alias stage instead"),
])
def test_refused_when_the_file_is_read(value, message):
    with pytest.raises(MountError) as caught:
        read_mount(value)
    assert str(caught.value) == message


def test_a_dollar_at_the_end_of_from_is_a_name():
    assert read_mount("from=x$").options == (("from", "x$"),)


def test_trailing_newline_and_comma():
    assert read_mount("a=b\r\n").options == (("a", "b"),)
    assert read_mount("a=b,").options == (("a", "b"), ("", ""))
