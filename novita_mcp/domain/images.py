"""Where a container image comes from, and whether its address imitates a better known one."""

import difflib

from novita_mcp.domain.base import brief

DOCKER_HUB = "docker.io"
KNOWN_REGISTRIES = (
    *(DOCKER_HUB, "ghcr.io", "gcr.io", "quay.io", "nvcr.io", "registry.gitlab.com"),
    *("mcr.microsoft.com", "public.ecr.aws", "image.novita.ai"),
)
KNOWN_OWNERS = (
    *("pytorch", "nvidia", "tensorflow", "huggingface", "vllm", "ollama", "novitalabs", "jupyter"),
    *("continuumio", "library", "ubuntu", "runpod", "lmsysorg"),
)
ALIKE = 0.75


def registry(image_url: str) -> str:
    """The host that an image comes from; an image without one comes from Docker Hub."""
    return brief(_host(image_url) or DOCKER_HUB)


def origin(image_url: str) -> str:
    """The registry in words, with what it may be mistaken for."""
    doubt = imitation(image_url)
    return f"from {registry(image_url)}" + (f"; CAREFUL: {doubt}" if doubt else "")


def imitation(image_url: str) -> str:
    """What the address may be mistaken for, or nothing."""
    if not image_url.isascii():
        return "its letters are not all plain ones and may imitate others"
    host = _host(image_url)
    if host and host not in KNOWN_REGISTRIES:
        alike = difflib.get_close_matches(host.casefold(), KNOWN_REGISTRIES, n=1, cutoff=ALIKE)
        return f"{brief(host)} is not {alike[0]}" if alike else ""
    owner = image_url.removeprefix(f"{host}/").partition("/")[0]
    alike = difflib.get_close_matches(owner.casefold(), KNOWN_OWNERS, n=1, cutoff=ALIKE)
    return f"{brief(owner)} is not {alike[0]}" if alike and owner not in KNOWN_OWNERS else ""


def _host(image_url: str) -> str:
    first, slash, _ = image_url.partition("/")
    is_host = slash and ("." in first or ":" in first or first == "localhost")
    return first if is_host else ""
