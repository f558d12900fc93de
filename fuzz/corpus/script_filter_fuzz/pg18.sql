--
-- PostgreSQL database dump
--

\restrict s6pQBgwSh6TsFWcm6IzyZs96dBAg6hGEAFyRCnd3uxER3eV32ff6GaE2fnBIZiz

-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.4

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: e; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.e (
    a integer
);


--
-- Name: s; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.s
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: t; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.t (
    a integer,
    b text
);


--
-- Data for Name: e; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.e (a) FROM stdin;
\.


--
-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.t (a, b) FROM stdin;
1	x
\.


--
-- Name: s; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.s', 1, false);


--
-- Name: 16448..16449; Type: BLOB METADATA; Schema: -; Owner: -
--

SELECT pg_catalog.lo_create('16448');
SELECT pg_catalog.lo_create('16449');

--
-- Data for Name: 16448..16449; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('16448', 131072);
SELECT pg_catalog.lowrite(0, '\x6c61726765');
SELECT pg_catalog.lo_close(0);

SELECT pg_catalog.lo_open('16449', 131072);
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- PostgreSQL database dump complete
--

\unrestrict s6pQBgwSh6TsFWcm6IzyZs96dBAg6hGEAFyRCnd3uxER3eV32ff6GaE2fnBIZiz

