"""Other names of the same file, and files that are none; for the trials of outputs and options."""
import os
import socket
import stat


def same(box, name):
    return name


def dotted(box, name):
    return "./" + name


def upward(box, name):
    return f"../{box.folder.name}/{name}"


def absolute(box, name):
    return str(box.path(name))


def through_folder(box, name):
    box.path("way").symlink_to(".")
    return f"way/{name}"


def symlink(box, name):
    box.path("link.h5").symlink_to(name)
    return "link.h5"


def two_symlinks(box, name):
    box.path("first.h5").symlink_to(name)
    box.path("link.h5").symlink_to(box.path("first.h5"))
    return "link.h5"


def hard_link(box, name):
    os.link(box.path(name), box.path("hard.h5"))
    return "hard.h5"


NAMES = [same, dotted, upward, absolute, through_folder, symlink, two_symlinks]  # also of what is not there yet
ALL = [*NAMES, hard_link]


def device(box, name):
    """A device of our own, never one of /dev: a program that runs as root may replace or remove it. Like /dev/null."""
    try:
        os.mknod(box.path(name), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        box.skip("mknod is not permitted: no outputs onto devices were tried")
        return False
    return True


def fifo(box, name):
    os.mkfifo(box.path(name))
    return True


def unix_socket(box, name):
    here = socket.socket(socket.AF_UNIX)
    at = os.open(box.folder, os.O_RDONLY)
    try:
        here.bind(f"/proc/self/fd/{at}/{name}")  # the path of a socket has little room
    finally:
        os.close(at)
        here.close()
    return True


def folder(box, name):
    box.path(name).mkdir()
    return True


def full_folder(box, name):
    box.path(name).mkdir()
    (box.path(name) / "notes.txt").write_text("mine\n")
    return True


SPECIAL = [device, fifo, unix_socket, folder, full_folder]
