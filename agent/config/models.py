"""Every section of the configuration file: its keys, defaults and limits.

The descriptions are the reference: docs/config.md and the JSON Schema are made from them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    PrivateAttr,
    create_model,
)

from agent.config.console import ConsoleConfig
from agent.config.kinds import (
    AnyPath,
    CameraUrl,
    Host,
    Id,
    MainStreamUrl,
    Point,
    ReadableFile,
    TimeZone,
    TopicFilter,
    is_this_machine,
    printable,
)
from agent.config.listen import Listen
from agent.config.put_url import PutUrl
from agent.config.secrets import Secret
from agent.config.section import Section
from agent.core.address_secrets import without_secrets
from agent.core.calendar import Calendar
from agent.core.camera_health import CameraHealthSettings
from agent.core.plan import CameraPlan, Duty
from agent.core.quantities import Bytes, Seconds
from agent.core.rules import RULES, RuleSettings
from agent.core.taxonomy import GBT_2026, TAXONOMY, Taxonomy
from agent.core.zones import Zone

Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(printable)]
AgentClass = Literal[
    "person",
    "bicycle",
    "motorcycle",
    "car",
    "bus",
    "truck",
    "garbage",
    "bin",
    "stall",
    "goods",
    "umbrella",
    "table",
    "chair",
    "cart",
]  # taxonomy.CLASSES, spelt out for the type checker; a test holds the two together


CommandName = Literal[
    "verify", "acknowledge", "dismiss", "snapshot", "config.get", "config.put", "rules.pause", "ping", "restart"
]  # wire.COMMANDS, likewise


class LocationConfig(Section):
    """Where it stands, for the centre's map."""

    lon: float = Field(ge=-180, le=180, description="Longitude in degrees.", examples=[121.4737])
    lat: float = Field(ge=-90, le=90, description="Latitude in degrees.", examples=[31.2304])
    crs: Literal["wgs84", "gcj02"] = Field("wgs84", description="What the two are in: GPS, or China's map grid.")
    grid_code: Text | None = Field(None, description="The city-management grid cell.", examples=["310101001001"])


class BoxConfig(Section):
    """This box."""

    id: Id = Field("box-1", description="Name of this box, unique within the tenant; part of every topic.")
    tenant: Id = Field("default", description="Whose box it is; part of every topic.")
    time_zone: TimeZone = Field("Asia/Shanghai", description="Time zone of the site, for calendars and the log.")
    location: LocationConfig | None = Field(None, description="Where the box stands; cameras may differ.")


class TlsConfig(Section):
    """TLS to the broker; `{}` trusts the system's certificate authorities."""

    ca_file: ReadableFile | None = Field(
        None, description="Certificate authorities to trust, PEM.", examples=["certs/ca.pem"]
    )
    cert_file: ReadableFile | None = Field(
        None, description="Certificate of this box, PEM.", examples=["certs/box.pem"]
    )
    key_file: ReadableFile | None = Field(
        None, description="Private key of this box, PEM; may also be in cert_file.", examples=["certs/box.key"]
    )


def _tls(value: object) -> object:
    return None if value == TLS_OFF else value


def _default_tls(data: dict[str, Any]) -> TlsConfig | None:
    return None if is_this_machine(data.get("host")) else TlsConfig()


TLS_OFF = "off"
Tls = Annotated[
    TlsConfig | None,
    BeforeValidator(_tls),
    PlainSerializer(lambda tls: TLS_OFF if tls is None else tls.model_dump(mode="json")),
]
"""None: what is sent can be read, and changed, by whoever is in between."""


def _protocol(value: object) -> object:
    return "5" if value == 5 and not isinstance(value, bool) else value


class MqttConfig(Section):
    """The broker that takes the events."""

    host: Host = Field(description="Name or address of the broker.", examples=["192.168.1.10"])
    tls: Tls = Field(
        default_factory=_default_tls,
        description="TLS to the broker, whose certificate is checked; {}, the default, trusts the system's certificate "
        "authorities. off: none, the default only where the broker is this machine itself (localhost, 127.0.0.1, ::1).",
        examples=[{}],
    )
    port: int = Field(
        default_factory=lambda data: 8883 if data.get("tls") else 1883,
        ge=1,
        le=65535,
        description="Port of the broker; default 8883, with tls: off 1883.",
        examples=[8883],
    )
    protocol: Annotated[Literal["auto", "5", "3.1.1"], BeforeValidator(_protocol)] = Field(
        "auto", description="MQTT version; auto tries 5, then 3.1.1."
    )
    username: Text | None = Field(None, description="Login at the broker.", examples=["box-1"])
    password: Secret | None = Field(None, description="Its password.", examples=[{"env": "MQTT_PASSWORD"}])
    client_id: Text | None = Field(
        None, description="MQTT client id; default cityeye-TENANT-BOX.", examples=["cityeye-default-box-1"]
    )
    require_ack: bool = Field(
        False,
        description="An event counts as delivered when the platform's own `ack` covers it, not when the broker has it.",
    )
    resend_after: Seconds = Field(
        60.0, ge=5, le=600, description="With require_ack: how long to wait for the platform before sending again."
    )
    backlog: int = Field(
        100_000,
        ge=1000,
        description="Undelivered events that are kept; beyond, the oldest `updated` ones are given up, and counted.",
    )
    keepalive: Seconds = Field(30.0, ge=5, le=3600, description="How often the connection proves that it is alive.")


class CommandsConfig(Section):
    """What the box does when the centre asks."""

    response_topics: tuple[TopicFilter, ...] = Field(
        (),
        max_length=20,
        description="Topics that answers may go to beside those of the contract, with + and # as MQTT has them.",
        examples=[["city/answers/+"]],
    )
    refuse: tuple[CommandName, ...] = Field(
        (),
        description="Commands that are not carried out here. A document by command may not add config.put.",
        examples=[["config.put", "restart"]],
    )
    probation: Seconds = Field(
        120.0,
        ge=10,
        le=3600,
        description="How long a configuration that came by command is watched; the former one comes back when the box "
        "gets unhealthy, or when nobody of the centre is heard at another broker.",
    )


class ModelConfig(Section):
    """The detector, shared by all cameras."""

    id: Text = Field(
        "auto",
        description="A model of `cityeye models list`. auto: the one measured best on this box, else yolox-nano when "
        "it is installed, else the one that comes with the agent.",
    )
    file: AnyPath | None = Field(None, description="Instead of id: an ONNX file.", examples=["models/own.onnx"])
    folder: AnyPath = Field(Path("models"), description="Where the models lie that have an id.", validate_default=True)
    runtime: Literal["auto", "onnxruntime", "openvino"] = Field(
        "auto", description="What runs it; auto: what was measured best on this box, else onnxruntime."
    )
    family: Literal["auto", "yolox", "ultralytics", "end-to-end", "picodet"] = Field(
        "auto", description="How its output is to be read."
    )
    sha256: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        description="Checksum that the model must have, hexadecimal.",
        examples=["695e750a" + "0" * 56],
    )
    classes: dict[Text, AgentClass | None] | None = Field(
        None,
        description="The model's labels and what each is to the agent, null to ignore it; all of them in the model's "
        "order, where the file does not name them. Default: labels that mean the same by name.",
        examples=[{"pickup": "truck"}],
    )
    min_score: float = Field(
        0.1, gt=0, lt=1, description="Detections below are dropped; a rule's min_score decides what is believed."
    )
    iou: float = Field(0.5, gt=0, lt=1, description="Overlap (IoU) from which two boxes are one object (NMS).")
    workers: int = Field(
        0, ge=0, le=64, description="Cameras that are looked at at the same time; 0: one for each CPU of the agent."
    )
    threads: int = Field(1, ge=1, le=64, description="CPU threads of one detection.")
    batch: int = Field(
        1, ge=1, le=16, description="Cameras whose pictures are shown to the model together, where it takes several."
    )
    recheck: Seconds = Field(
        10.0,
        ge=0,
        le=60,
        description="Longest rest of the model while a camera's zones look the same; 0s: it is shown each picture.",
    )


class StorageConfig(Section):
    """What the box keeps."""

    folder: AnyPath = Field(Path("data"), description="Database and pictures.", validate_default=True)
    evidence_quota: Bytes = Field(2 * 10**9, ge=10**7, description="Most that pictures may take; the oldest go first.")
    evidence_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="Days after which pictures are deleted; those of incidents that are open or not delivered stay.",
    )
    keep_free: Bytes = Field(
        200 * 10**6, ge=0, description="Room on the disk that pictures and observations never take."
    )
    observations_quota: Bytes = Field(
        2 * 2**30,
        ge=0,
        description="Most that observations may take, for trying another configuration on them; 0B: none.",
    )
    observations_days: int = Field(
        7, ge=0, le=365, description="Days after which observations are deleted; 0: none are kept."
    )


class EvidenceConfig(Section):
    """What evidence pictures show, and how they reach the centre."""

    send: Literal["mqtt", "put", "off"] = Field(
        "mqtt",
        description="How pictures reach the centre. mqtt: on the box's `evidence` topic, when no event waits; put: by "
        "HTTP PUT to put_url; off: they stay on the box.",
    )
    put_url: PutUrl | None = Field(
        None,
        description="With send: put, where to: an address with {id}, and with {tenant}, {box}, {camera}, {date}, "
        "{incident} and {kind} as needed. Where it holds a signature, keep it outside the file, as a password.",
        examples=[{"env": "EVIDENCE_PUT_URL"}],
    )
    blur: tuple[Literal["faces", "plates"], ...] = Field(
        ("faces", "plates"),
        description="What is made unrecognisable before a picture is kept; plates: where the incident is not about "
        "parking. docs/privacy.md says how, and what can be missed.",
    )
    face_model: AnyPath | None = Field(
        None,
        description="YuNet, to find faces that the detector's boxes miss; default: yunet_n_640_640.onnx in "
        "model.folder, when it lies there.",
        examples=["models/yunet_n_640_640.onnx"],
    )
    plate_model: AnyPath | None = Field(
        None,
        description="HyperLPR's plate detector, likewise; default: hyperlpr_y5fu_320x_sim.onnx in model.folder, when "
        "it lies there.",
        examples=["models/hyperlpr_y5fu_320x_sim.onnx"],
    )


class MetricsConfig(Section):
    """What other programs may ask this box about itself, over HTTP: /metrics, /healthz and /readyz."""

    listen: Listen = Field(
        "off",
        description="Address and port to answer at, without a login; off: nowhere. 127.0.0.1 is for programs on this "
        "box only, an address of the box in the LAN for those that can reach it there.",
        examples=["127.0.0.1:9105"],
    )


class TaxonomyConfig(Section):
    """How violations are named on the wire."""

    code_system: Text = Field(
        GBT_2026, description="Code system of the city's platform: one of the crosswalk's code_systems."
    )
    file: AnyPath | None = Field(
        None,
        description="The site's own crosswalk, in the form of configs/taxonomy.yaml; default: the agent's.",
        examples=["configs/taxonomy.yaml"],
    )


class RulesBase(Section):
    """The rules of a zone, one key for each."""

    def items(self) -> Iterator[tuple[str, RuleSettings]]:
        """Name and settings of every rule that is set, in the registry's order."""
        for name in RULES:
            if (settings := getattr(self, name)) is not None:
                yield name, settings


if TYPE_CHECKING:
    RulesConfig = RulesBase
else:

    def _rule_fields() -> dict[str, Any]:
        described = {name: (rule.__doc__ or name).strip().splitlines()[0] for name, rule in RULES.items()}
        return {
            name: (rule.Settings | None, Field(None, description=described[name], examples=[{}]))
            for name, rule in RULES.items()
        }

    RulesConfig = create_model("RulesConfig", __base__=RulesBase, __module__=__name__, **_rule_fields())


class ZoneConfig(Section):
    """A part of the picture and the rules that hold there."""

    id: Id = Field(description="Name of the zone, unique within the camera.", examples=["kerb"])
    name: Text | None = Field(None, description="Name for people.", examples=["东门路缘"])
    polygon: tuple[Point, ...] = Field(
        max_length=100,
        json_schema_extra={"minItems": 3},  # that they are different ones, and more, is told by `polygon`
        description="Corners in order, x and y in 0..1 of the picture's width and height, from its upper left.",
        examples=[[[0.1, 0.6], [0.9, 0.6], [0.9, 0.95], [0.1, 0.95]]],
    )
    rules: RulesConfig = Field(RulesConfig(), description="What is not allowed here.")


class CameraConfig(Section):
    """One camera."""

    id: Id = Field(description="Name of the camera, unique in the file.", examples=["gate"])
    name: Text | None = Field(None, description="Name for people.", examples=["东门"])
    url: CameraUrl = Field(
        description="RTSP address, best of the sub-stream; or a video file.",
        examples=["rtsp://192.168.1.64:554/Streaming/Channels/102"],
    )
    username: Text | None = Field(None, description="Login at the camera.", examples=["admin"])
    password: Secret | None = Field(None, description="Its password.", examples=[{"env": "CAMERA_PASSWORD"}])
    main_stream: MainStreamUrl = Field(
        "auto",
        description="Where evidence pictures come from: an http:// or rtsp:// address; off: the url above; auto: of a "
        "Hikvision sub-stream its main stream, by ISAPI or one keyframe. Where the camera's web port is not 80, an "
        "address with it, for example http://192.168.1.64:8080/ISAPI/Streaming/channels/101/picture (doctor goes "
        "there, too).",
    )
    decode: Literal["auto", "keyframes", "all"] = Field(
        "auto", description="Which pictures are decoded; auto: keyframes, or all when they come too rarely."
    )
    sample_every: Seconds = Field(
        1.0,
        ge=0.1,
        le=30,  # half of tracker.BLIND_AFTER_S: looks that far apart must not count as blindness, even one being lost
        description="Shortest time between two analysed pictures, at most 30s; faster keyframes are skipped.",
    )
    open_timeout: Seconds = Field(5.0, ge=1, le=60, description="How long connecting may take.")
    read_timeout: Seconds = Field(
        8.0, ge=1, le=10, description="Silence after which the stream counts as stalled; at most 10s."
    )
    location: LocationConfig | None = Field(None, description="Where the camera stands; default: where the box does.")
    health: CameraHealthSettings = Field(
        CameraHealthSettings(), description="When the camera's own faults are incidents."
    )
    zones: tuple[ZoneConfig, ...] = Field((), description="Where in the picture which rules hold.")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """An address may hold a password among its parameters."""
        for name, value in super().__repr_args__():
            yield name, without_secrets(value) if isinstance(value, str) else value

    @property
    def video_file(self) -> Path | None:
        """The file when the camera is a recorded video, else None."""
        return Path(self.url.removeprefix("file:")) if self.url.startswith("file:") else None


def _unwritten() -> Any:
    """A section left out: all its defaults, with paths that start where this file's paths start."""
    return {}


class Config(Section):
    """The whole file, checked: names resolve, ids are unique, outlines are simple, secrets are at hand."""

    version: Literal[1] = Field(1, description="Version of this file format.")
    box: BoxConfig = Field(BoxConfig(), description="This box.")
    mqtt: MqttConfig = Field(description="The broker that takes the events.", examples=[{"host": "192.168.1.10"}])
    commands: CommandsConfig = Field(CommandsConfig(), description="What the box does when the centre asks.")
    model: ModelConfig = Field(default_factory=_unwritten, validate_default=True, description="The detector.")
    storage: StorageConfig = Field(default_factory=_unwritten, validate_default=True, description="What the box keeps.")
    evidence: EvidenceConfig = Field(
        EvidenceConfig(), description="What evidence pictures show, and how they reach the centre."
    )
    metrics: MetricsConfig = Field(MetricsConfig(), description="What other programs may ask this box about itself.")
    console: ConsoleConfig = Field(ConsoleConfig(), description="The web page on which people watch and tune this box.")
    taxonomy: TaxonomyConfig = Field(TaxonomyConfig(), description="How violations are named on the wire.")
    calendars: dict[Text, Calendar] = Field(
        {}, description="Named calendars that rules refer to.", examples=[{"workday": {"active": [{"days": ["mon"]}]}}]
    )
    cameras: tuple[CameraConfig, ...] = Field((), description="The cameras.")

    _home: Path = PrivateAttr(default=Path())
    _table: Taxonomy = PrivateAttr(default=TAXONOMY)

    @property
    def taxonomy_table(self) -> Taxonomy:
        """The crosswalk in use: that of `taxonomy.file`, else the agent's own."""
        return self._table

    @property
    def client_id(self) -> str:
        """The MQTT client id: as given, or made of tenant and box."""
        return self.mqtt.client_id or f"cityeye-{self.box.tenant}-{self.box.id}"

    def camera(self, camera_id: str) -> CameraConfig:
        """The camera of that id. Raises KeyError."""
        return {camera.id: camera for camera in self.cameras}[camera_id]

    def location_of(self, camera_id: str) -> LocationConfig | None:
        """Where a camera stands: its own location, else the box's."""
        return self.camera(camera_id).location or self.box.location

    def plans(self) -> dict[str, CameraPlan]:
        """What each camera is to be watched for, by camera id, with calendars resolved."""
        time_zone = ZoneInfo(self.box.time_zone)
        return {
            camera.id: CameraPlan(
                box_id=self.box.id,
                camera=camera.id,
                duties=tuple(self._duties(camera)),
                time_zone=time_zone,
                health=camera.health,
                recheck_s=self.model.recheck,
            )
            for camera in self.cameras
        }

    def _duties(self, camera: CameraConfig) -> Iterator[Duty]:
        for area in camera.zones:
            zone = Zone.of(area.id, area.polygon)
            for name, settings in area.rules.items():
                named = settings.calendar
                calendar = self.calendars[named] if isinstance(named, str) else named
                ground = RULES[name].ground(settings, zone)
                yield Duty(zone=ground, rule=name, settings=settings, calendar=calendar)

    def version_hash(self) -> str:
        """Twelve hexadecimal digits that change whenever the content does, wherever the file lies; without secrets."""
        written = _portable(self.model_dump(mode="json", by_alias=True), self._home)
        content = {**written, "taxonomy_table": self._table.model_dump(mode="json")}
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _portable(value: Any, home: Path) -> Any:
    """The same content with paths below the home folder made relative to it. Secrets are already masked."""
    if isinstance(value, dict):
        return {key: _portable(inner, home) for key, inner in value.items()}
    if isinstance(value, list):
        return [_portable(inner, home) for inner in value]
    if isinstance(value, str) and value.startswith(prefixes := (f"{home}/", f"file:{home}/")):
        return value.removeprefix(prefixes[0]).removeprefix(prefixes[1])
    return value
