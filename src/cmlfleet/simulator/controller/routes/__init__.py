"""The routes of `/api/v0`."""

from cmlfleet.simulator.controller.routes import (
    administration,
    diagnostics,
    interfaces,
    lab_contents,
    labs,
    licensing,
    links,
    nodes,
    people,
    sign_in,
    system,
)

ROUTES = (
    *sign_in.ROUTES,
    *system.ROUTES,
    *labs.ROUTES,
    *lab_contents.ROUTES,
    *nodes.ROUTES,
    *interfaces.ROUTES,
    *links.ROUTES,
    *people.ROUTES,
    *administration.ROUTES,
    *diagnostics.ROUTES,
    *licensing.ROUTES,
)
