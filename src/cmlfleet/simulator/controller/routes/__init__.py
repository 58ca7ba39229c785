"""The routes of `/api/v0`."""

from cmlfleet.simulator.controller.routes import labs, licensing, sign_in, system

ROUTES = (*sign_in.ROUTES, *system.ROUTES, *labs.ROUTES, *licensing.ROUTES)
