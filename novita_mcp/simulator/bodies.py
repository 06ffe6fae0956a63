"""The body of every write, as the reference documents it."""

from novita_mcp.simulator.checks import Closed, Flag, Many, Rule, Text, Whole

ID = Text(1, 255)
ENV = Closed({}, {"key": Text(0, 511), "value": Text(0, 4095)})
TOOL = Closed({"name": Text(among=("Jupyter",)), "port": Text(), "type": Text(among=("tcp", "http"))}, {})
PORT_NUMBER = Whole(1, 65535)
PORT_TYPE = Text(among=("tcp", "http"))
NETWORK_STORAGE = Closed({"Id": Text(1)}, {"mountPoint": Text(1, 4095)})

_CREATE_OPTIONAL: dict[str, Rule] = {
    "name": Text(0, 255),
    "imageAuth": Text(0, 10239),
    "imageAuthId": Text(),
    "ports": Text(),
    "envs": Many(ENV, 100),
    "tools": Many(TOOL),
    "command": Text(0, 2047),
    "entrypoint": Text(0, 2047),
    "clusterId": Text(),
    "networkStorages": Many(NETWORK_STORAGE, 30),
    "networkId": Text(),
    "month": Whole(0),
    "billingMode": Text(among=("onDemand", "monthly", "spot")),
    "autoRenew": Flag(),
    "autoRenewMonth": Whole(1, 12),
    "minCudaVersion": Text(0, 255),
}
_CREATE_REQUIRED: dict[str, Rule] = {
    "kind": Text(among=("gpu", "cpu")),
    "productId": Text(1, 255),
    "imageUrl": Text(1, 500),
}
_SIZES: dict[str, Rule] = {"gpuNum": Whole(1, 8), "rootfsSize": Whole(0, 6144)}
"""A root disk below 10 GB is not refused but made 10 GB."""

CREATE_GPU = Closed(_CREATE_REQUIRED | _SIZES, _CREATE_OPTIONAL)
CREATE_CPU = Closed(_CREATE_REQUIRED, _CREATE_OPTIONAL | _SIZES | {"localStorageMountPoint": Text(1, 4095)})
"""The CPU page has no sizes, the shared create page has them: both are taken, and they have no effect."""

INSTANCE = Closed({"instanceId": ID}, {})
EDIT = Closed(
    {"instanceId": ID},
    {"ports": Many(Closed({"port": PORT_NUMBER, "type": PORT_TYPE}, {}), 15), "expandRootDisk": Whole(0)},
)
VOLUME_MOUNT = Closed({"type": Text(among=("network",)), "id": Text(1), "mountPath": Text(1, 4095)}, {})
UPGRADE = Closed(
    {"instanceId": ID, "imageUrl": Text(1, 500)},
    {
        "imageAuthId": Text(),
        "envs": Many(ENV, 100),
        "command": Text(0, 2047),
        "entrypoint": Text(0, 2047),
        "save": Flag(),
        "networkVolume": Closed({"volumeMounts": Many(VOLUME_MOUNT, 30)}, {}),
    },
)
SUBSCRIBE = Closed({"instanceId": ID, "month": Whole(1)}, {})
AUTO_RENEW = Closed({"instanceIds": Many(ID), "autoRenew": Flag(), "autoRenewMonth": Whole(1, 12)}, {})
AUTO_MIGRATE = Closed({"instanceId": ID, "autoMigrateOpen": Flag(), "autoMigrateSystemDisk": Flag()}, {})

JOB_BREAK = Closed({"jobId": Text(0, 255)}, {})
SAVE_IMAGE = Closed({"instanceId": ID, "image": Text(1, 4095)}, {"registryAuthId": Text()})

_TEMPLATE_REQUIRED: dict[str, Rule] = {
    "name": Text(1, 255),
    "type": Text(among=("instance",)),
    "channel": Text(among=("private",)),
    "image": Text(1, 500),
    "rootfsSize": Whole(1),
}
_TEMPLATE_OPTIONAL: dict[str, Rule] = {
    "readme": Text(0, 102400),
    "imageAuth": Text(),
    "startCommand": Text(0, 2047),
    "entrypoint": Text(0, 2047),
    "ports": Many(Closed({"type": PORT_TYPE, "ports": Many(PORT_NUMBER)}, {})),
    "envs": Many(ENV, 100),
    "minCudaVersion": Text(0, 255),
}
TEMPLATE_CREATE = Closed({"template": Closed(_TEMPLATE_REQUIRED, _TEMPLATE_OPTIONAL)}, {})
TEMPLATE_UPDATE = Closed({"template": Closed({"Id": ID} | _TEMPLATE_REQUIRED, _TEMPLATE_OPTIONAL)}, {})
TEMPLATE_DELETE = Closed({"templateId": ID}, {})

AUTH_SAVE = Closed({"name": Text(1, 255), "username": Text(1, 255), "password": Text(1, 10239)}, {})
AUTH_DELETE = Closed({"id": ID}, {})

STORAGE_CREATE = Closed(
    {"clusterId": ID, "storageName": Text(1, 255), "storageSize": Whole(10)},
    {},
)
STORAGE_UPDATE = Closed({"storageId": ID, "storageSize": Whole(10)}, {"storageName": Text(1, 255)})
STORAGE_DELETE = Closed({"storageId": ID}, {})

NETWORK_CREATE = Closed({"clusterId": ID}, {"name": Text(0, 30)})
NETWORK_UPDATE = Closed({"networkId": ID, "name": Text(1, 30)}, {})
NETWORK_DELETE = Closed({"networkId": ID}, {})

PREWARM_CREATE = Closed(
    {"imageUrl": Text(1, 500), "clusterId": ID, "productIds": Many(ID)},
    {"repositoryAuth": Text(), "note": Text()},
)
PREWARM_EDIT = Closed({"id": ID, "note": Text()}, {})
PREWARM_DELETE = Closed({"ids": Many(ID)}, {})
