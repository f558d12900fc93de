--
-- PostgreSQL database dump
--

\restrict m3c4kLahMgNjsP99HnQ2NkJZ9BxQnumuxfgnp8oTD9kblsNr7X4qSBuTZqpbHYZ

-- Dumped from database version 16.14
-- Dumped by pg_dump version 16.14

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
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
-- Name: 16442; Type: BLOB; Schema: -; Owner: -
--

SELECT pg_catalog.lo_create('16442');


--
-- Name: 16443; Type: BLOB; Schema: -; Owner: -
--

SELECT pg_catalog.lo_create('16443');


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
-- Data for Name: BLOBS; Type: BLOBS; Schema: -; Owner: -
--

BEGIN;

SELECT pg_catalog.lo_open('16442', 131072);
SELECT pg_catalog.lowrite(0, '\x6c61726765');
SELECT pg_catalog.lo_close(0);

SELECT pg_catalog.lo_open('16443', 131072);
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- PostgreSQL database dump complete
--

\unrestrict m3c4kLahMgNjsP99HnQ2NkJZ9BxQnumuxfgnp8oTD9kblsNr7X4qSBuTZqpbHYZ

