package org.example;
class App {}
