import pytest

from novita_mcp.domain.images import imitation, origin, registry


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("pytorch/pytorch:2.8.0", "docker.io"),
        ("ubuntu", "docker.io"),
        ("ghcr.io/owner/name:1", "ghcr.io"),
        ("localhost:5000/name", "localhost:5000"),
        ("registry.example.com/a/b@sha256:00", "registry.example.com"),
    ],
)
def test_the_registry_is_the_host_or_docker_hub(image, host):
    assert registry(image) == host
    assert origin(image) == f"from {host}"


@pytest.mark.parametrize(
    ("image", "known"),
    [
        ("pyt0rch/pytorch:2.8.0", "pytorch"),
        ("nvidla/cuda:12", "nvidia"),
        ("ghcr.i0/owner/name", "ghcr.io"),
        ("docker.lo/pytorch/pytorch", "docker.io"),
        ("nvcr.io/nvidla/cuda", "nvidia"),
        ("huggingfaces/text", "huggingface"),
    ],
)
def test_an_address_that_looks_like_a_known_one_is_said_to_be_another(image, known):
    assert f"is not {known}" in imitation(image)
    assert "CAREFUL" in origin(image)


def test_letters_that_only_look_plain_are_told():
    assert "imitate" in imitation("pytоrch/pytorch")  # noqa: RUF001 - the second o is Cyrillic


@pytest.mark.parametrize("image", ["vllm/vllm-openai:v1", "somebody/model", "nvcr.io/nvidia/pytorch:25.01-py3"])
def test_other_addresses_raise_no_suspicion(image):
    assert imitation(image) == ""
