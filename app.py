"""The one place where the parts meet: ``gunicorn "app:create_app()"``."""

from flask import Flask

from tracker.ingest.attempts import Attempts
from tracker.ingest.committer import Committer
from tracker.ingest.countries import country_reader
from tracker.ingest.disk import Disk
from tracker.ingest.feed import Feed
from tracker.ingest.fresh import Clock, NewId, new_uuid, system_clock, tombstone_digest
from tracker.ingest.identities import IdentityOffice
from tracker.ingest.limiter import MemoryBuckets, limiter, network_limiter, redis_at
from tracker.ingest.new_types import NewTypes
from tracker.ingest.passes import PassOffice
from tracker.ingest.quotas import Quotas
from tracker.ingest.usage import Usage
from tracker.script.render import Scripts
from tracker.settings import Settings
from tracker.store.directory import Directory
from tracker.store.engine import connect
from tracker.web import direct, errors, headers, hosts, login_cookie, mount, page
from tracker.web.account import account_blueprint
from tracker.web.api_identify_secrets import api_identify_secrets_blueprint
from tracker.web.api_merges import api_merges_blueprint
from tracker.web.api_people import api_people_blueprint
from tracker.web.api_sources import api_sources_blueprint
from tracker.web.api_tracardi import tracardi_blueprint
from tracker.web.api_types import api_types_blueprint
from tracker.web.builder import builder_blueprint
from tracker.web.counting import Metrics
from tracker.web.event_types import event_types_blueprint
from tracker.web.explorer import explorer_blueprint
from tracker.web.health import health_blueprint
from tracker.web.identify_secrets import identify_secrets_blueprint
from tracker.web.live import live_blueprint
from tracker.web.log import log
from tracker.web.login import login_blueprint
from tracker.web.merges import merges_blueprint
from tracker.web.metrics import metrics_blueprint
from tracker.web.openapi import openapi_blueprint
from tracker.web.overview import overview_blueprint
from tracker.web.path_text import PathText
from tracker.web.people import people_blueprint
from tracker.web.script import script_blueprint
from tracker.web.services import Services, install
from tracker.web.sources import sources_blueprint
from tracker.web.streaming import OPENS
from tracker.web.track import track_blueprint
from tracker.web.waiting import waiting_blueprint

CONSOLE = (
    *(login_blueprint, account_blueprint, overview_blueprint, people_blueprint, merges_blueprint, sources_blueprint),
    *(builder_blueprint, event_types_blueprint, identify_secrets_blueprint, waiting_blueprint, live_blueprint),
    explorer_blueprint,
)
API = (
    api_sources_blueprint,
    api_types_blueprint,
    api_identify_secrets_blueprint,
    api_people_blueprint,
    api_merges_blueprint,
    tracardi_blueprint,
    openapi_blueprint,
)


def create_app(settings: Settings | None = None, *, clock: Clock = system_clock, new_id: NewId = new_uuid) -> Flask:
    """Return the WSGI application for these settings (default: the environment's), on a migrated database."""
    settings = settings or Settings.from_env()
    engine = connect(settings.database_url, pooler=settings.database_pooler)
    sources = Directory(engine, clock)
    committer = Committer(engine, sources, clock, new_id, tombstone_digest(settings.secret_keys))
    quotas = Quotas(settings.quota, redis_at(settings.redis_url) if settings.redis_url else None, clock, log)
    # The console's files have a blueprint of their own, so Flask's own route for static files stays off.
    app = Flask("tracker", static_folder=None, template_folder="web/templates")
    # An address with a slash too many is not found; a redirect would lose the body of what is posted.
    app.url_map.merge_slashes = False
    app.url_map.converters |= {"default": PathText, "string": PathText}
    install(
        app,
        Services(
            settings=settings,
            engine=engine,
            clock=clock,
            new_id=new_id,
            sources=sources,
            committer=committer,
            new_types=NewTypes(committer, clock),
            passes=PassOffice(settings.secret_keys, clock),
            scripts=Scripts(settings.public_url),
            identities=IdentityOffice(settings.secret_keys, sources.identify_generations),
            limit=limiter(settings.rate_limit, settings.redis_url, clock, log),
            limit_network=network_limiter(settings.rate_limit, clock),
            opens=MemoryBuckets(OPENS, clock, most=1_000).wait,
            quotas=quotas,
            usage=Usage(quotas, engine, sources, clock),
            disk=Disk(settings.disk_folders, settings.disk_low_water, clock, log),
            metrics=Metrics(),
            attempts=Attempts(engine, sources, clock, new_id),
            feed=Feed(engine, clock),
            country_of=country_reader(settings.geoip_db),
        ),
    )
    errors.register(app)
    page.register(app)
    hosts.register(app)
    login_cookie.prepare(app, settings)
    for blueprint in (track_blueprint, script_blueprint, health_blueprint, metrics_blueprint, *CONSOLE, *API):
        app.register_blueprint(blueprint)
    direct.install(app)
    headers.register(app)
    mount.register(app)
    return app
