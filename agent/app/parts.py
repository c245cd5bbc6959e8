"""Configuration to adapters: one function per part."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import cv2

from agent.adapters.decoding import ANALYSIS_PX
from agent.adapters.evidence import EvidenceFolder
from agent.adapters.mqtt import MqttSettings, TlsSettings
from agent.adapters.object_store import HttpObjectStore
from agent.adapters.observations import ObservationWriter
from agent.adapters.onnx import OnnxDetector
from agent.adapters.privacy import FaceFinder, PlateFinder, PrivacyGuard
from agent.adapters.rtsp import RtspSource
from agent.adapters.sqlite import SqliteParcels
from agent.adapters.videofile import LiveFileSource, VideoFileSource
from agent.app.facts import box_facts
from agent.app.places import OBSERVATIONS
from agent.config import CameraConfig, Config
from agent.config.catalogue import choose
from agent.core.errors import StoreUnusable
from agent.core.picture_address import picture_address
from agent.core.wire import BoxFacts, ModelFacts, evidence_message
from agent.ports import Clock, Detector, Source
from agent.runtime.logins import Login
from agent.runtime.picture_lane import PictureMail

log = logging.getLogger(__name__)


def facts_of(config: Config, detector: Detector) -> BoxFacts:
    """What every message says about this box."""
    return box_facts(config, ModelFacts(name=detector.info.name, sha256=detector.info.sha256))


def open_detector(config: Config) -> OnnxDetector:
    """The configured model. Raises ModelError."""
    cv2.setNumThreads(1)  # workers are the parallelism; OpenCV's own pool would only compete with them
    model = config.model
    chosen = choose(model)
    detector = OnnxDetector.load(
        chosen.file,
        family=chosen.family,
        sha256=chosen.sha256,
        classes=chosen.classes,
        min_score=model.min_score,
        iou=model.iou,
        threads=model.threads,
        runtime=chosen.runtime,
    )
    log.info("model %s (%s), %s", chosen.id or chosen.file, chosen.runtime, chosen.because)
    return detector


def analysis_px(detector: Detector) -> int:
    """The longer side of the pictures that this detector is shown, at least: it must not have to enlarge them."""
    return max(ANALYSIS_PX, *detector.info.input_px)


def source(camera: CameraConfig, clock: Clock, analysis_px: int) -> Source:
    """The camera's stream, or the video file that plays its part; `analysis_px` as in `RtspSource`."""
    if camera.video_file is not None:
        recorded = VideoFileSource(
            camera=camera.id,
            path=camera.video_file,
            start_utc=clock.now().utc,
            decode=camera.decode,
            sample_every_s=camera.sample_every,
            analysis_px=analysis_px,
        )
        return LiveFileSource(recorded, clock)
    return RtspSource(
        camera=camera.id,
        url=camera.url,
        username=camera.username,
        password=camera.password.get_secret_value() if camera.password else None,
        decode=camera.decode,
        sample_every_s=camera.sample_every,
        open_timeout_s=camera.open_timeout,
        read_timeout_s=camera.read_timeout,
        clock=clock,
        analysis_px=analysis_px,
    )


def mqtt_settings(config: Config) -> MqttSettings:
    mqtt = config.mqtt
    tls = mqtt.tls
    return MqttSettings(
        host=mqtt.host,
        port=mqtt.port,
        client_id=config.client_id,
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password else None,
        protocol=mqtt.protocol,
        tls=TlsSettings(ca_file=tls.ca_file, cert_file=tls.cert_file, key_file=tls.key_file) if tls else None,
        keepalive_s=round(mqtt.keepalive),
    )


def login_of(camera: CameraConfig, url: str | None = None) -> Login:
    """The camera's credential at the device of `url`, else of its stream.

    A device counts bad logins of an address, for all its cameras and ports together. The fingerprint is slow to guess
    from, and another one for each device.
    """
    device = _device(url or camera.url) or camera.id
    if camera.username is None:
        return Login(device, "")
    secret = f"{camera.username}:{camera.password.get_secret_value() if camera.password else ''}"
    return Login(device, hashlib.scrypt(secret.encode(), salt=device.encode(), n=2**12, r=8, p=1, dklen=16).hex())


def _device(url: str) -> str:
    """The host, written in one way; empty for none."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return str(ip_address(host))
    except ValueError:
        return host


def made_folder(folder: Path) -> Path:
    """The folder, made when it is not there. Raises StoreUnusable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnusable(
            f"{folder}: expected a data folder that can be made and written, found: {error.strerror}; "
            "correct storage.folder, or give the agent's user the right to write there"
        ) from error
    return folder


def evidence_folder(config: Config, folder: Path) -> EvidenceFolder:
    storage = config.storage
    return EvidenceFolder(
        folder,
        quota_bytes=storage.evidence_quota,
        keep_free_bytes=storage.keep_free,
        keep_for=timedelta(days=storage.evidence_days),
    )


def observation_writer(config: Config, clock: Clock) -> ObservationWriter | None:
    """What keeps observations; None where none are to be kept."""
    storage = config.storage
    if not storage.observations_quota or not storage.observations_days:
        return None
    return ObservationWriter(
        storage.folder / OBSERVATIONS,
        now=lambda: clock.now().utc,
        quota_bytes=storage.observations_quota,
        keep_for=timedelta(days=storage.observations_days),
        keep_free_bytes=storage.keep_free,
    )


def picture_mail(config: Config, parcels: SqliteParcels, folder: EvidenceFolder, facts: BoxFacts) -> PictureMail | None:
    """The pictures that go over MQTT, where they do. Where none are to be sent, those that waited are forgotten."""
    if config.evidence.send == "off" and (forgotten := parcels.clear()):
        log.info("pictures that waited for the centre stay on the box, since evidence.send is off: %d", forgotten)
    if config.evidence.send != "mqtt":
        return None
    return PictureMail(
        parcels=parcels,
        read=folder.read,
        pack=lambda parcel, data: evidence_message(parcel.picture, data, parcel.about, facts),
    )


def object_store(config: Config, facts: BoxFacts) -> HttpObjectStore | None:
    """Where pictures are put, where they are."""
    if config.evidence.send != "put" or config.evidence.put_url is None:
        return None
    pattern = config.evidence.put_url.get_secret_value()
    return HttpObjectStore(
        lambda parcel: picture_address(pattern, parcel.picture, parcel.about, facts), where=urlsplit(pattern).netloc
    )


FACE_MODEL = "yunet_n_640_640.onnx"
PLATE_MODEL = "hyperlpr_y5fu_320x_sim.onnx"
"""Taken from `model.folder` when they lie there and no other file is named."""


def privacy_guard(config: Config) -> PrivacyGuard:
    """What blurs evidence pictures. Raises ModelError for a face or plate model that cannot be used."""
    evidence, folder = config.evidence, config.model.folder
    faces, plates = "faces" in evidence.blur, "plates" in evidence.blur
    face_model = evidence.face_model or _there(folder / FACE_MODEL)
    plate_model = evidence.plate_model or _there(folder / PLATE_MODEL)
    log.info(
        "evidence pictures: faces %s, plates %s",
        _told(face_model) if faces else "shown",
        _told(plate_model) if plates else "shown",
    )
    return PrivacyGuard(
        faces=faces,
        plates=plates,
        face_finder=FaceFinder(face_model) if faces and face_model else None,
        plate_finder=PlateFinder(plate_model) if plates and plate_model else None,
    )


def _there(file: Path) -> Path | None:
    return file if file.is_file() else None


def _told(model: Path | None) -> str:
    return f"blurred by the detector's boxes and {model.name}" if model else "blurred by the detector's boxes"
