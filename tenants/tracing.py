"""Traces to an OpenTelemetry collector, where one is configured."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from tenants.settings import Settings


def enabled() -> bool:
    """Whether spans of this process go anywhere; opening one costs more than a cached question to the database."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def configure(settings: Settings, service: str) -> TracerProvider | None:
    """Export the spans of this process; None, and spans cost nothing, where no collector is configured."""
    if not settings.otel_exporter_otlp_endpoint:
        return None
    attributes = {"service.name": service, "deployment.environment.name": settings.environment}
    provider = TracerProvider(resource=Resource.create(attributes))
    exporter = OTLPSpanExporter(endpoint=f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider
